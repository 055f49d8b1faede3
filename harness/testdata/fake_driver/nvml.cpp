// An NVML that knows the first card alone.
#include <cstring>

struct nvmlDevice_st {};

extern "C" {

int nvmlInit_v2() {
  return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char* bus, nvmlDevice_st** device) {
  static nvmlDevice_st first;
  *device = &first;
  return std::strcmp(bus, "0000:01:00.0") == 0 ? 0 : 6;  // NVML_ERROR_NOT_FOUND
}

int nvmlDeviceGetClockInfo(nvmlDevice_st*, unsigned int type, unsigned int* mhz) {
  *mhz = type == 1 ? 1755 : 2619;
  return 0;
}

int nvmlDeviceGetMaxClockInfo(nvmlDevice_st*, unsigned int, unsigned int* mhz) {
  *mhz = 1980;
  return 0;
}

int nvmlDeviceGetTemperature(nvmlDevice_st*, unsigned int, unsigned int* celsius) {
  *celsius = 41;
  return 0;
}
}
