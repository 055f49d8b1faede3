// A libcuda of FAKE_CUDA_COUNT cards (default: one H100); its cuInit gives FAKE_CUDA_INIT.
#include <cstdio>
#include <cstdlib>

namespace {

int from_environment(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoi(value);
}

}  // namespace

extern "C" {

int cuInit(unsigned int) {
  return from_environment("FAKE_CUDA_INIT", 0);
}

int cuDriverGetVersion(int* version) {
  *version = 13000;
  return 0;
}

int cuDeviceGetCount(int* count) {
  *count = from_environment("FAKE_CUDA_COUNT", 1);
  return 0;
}

int cuDeviceGet(int* device, int index) {
  *device = index;
  return 0;
}

int cuDeviceGetName(char* name, int bytes, int) {
  std::snprintf(name, static_cast<std::size_t>(bytes), "NVIDIA H100 80GB HBM3");
  return 0;
}

int cuDeviceGetPCIBusId(char* bus, int bytes, int device) {
  std::snprintf(bus, static_cast<std::size_t>(bytes), "0000:%02x:00.0", device + 1);
  return 0;
}

int cuDeviceTotalMem_v2(std::size_t* bytes, int) {
  *bytes = std::size_t{80} << 30;
  return 0;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
  switch (attribute) {
    case 16:  // multiprocessors
      *value = 132;
      return 0;
    case 38:  // bytes of L2
      *value = 50 << 20;
      return 0;
    case 75:  // compute capability
      *value = 9;
      return 0;
    case 76:
      *value = 0;
      return 0;
    default:
      return 1;
  }
}
}
