// NVIDIA's two libraries come with the driver, never with a toolkit, so nothing here is linked to
// them: they are opened by name, and the few functions that are needed are declared as cuda.h and
// nvml.h have them. libcuda decides whether there is a card; NVML knows what it is doing.
#include "gpu_driver.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <array>
#include <cstdlib>
#include <optional>

struct nvmlDevice_st;  // as nvml.h has it: never defined, and outside every namespace

namespace unaided {

namespace {

namespace fs = std::filesystem;

constexpr int kSuccess = 0;
constexpr int kNameBytes = 256;
constexpr int kGpusMax = 64;

/// CUdevice_attribute.
enum Attribute : int {
  kMultiprocessors = 16,
  kL2Bytes = 38,
  kCapabilityMajor = 75,
  kCapabilityMinor = 76,
};

/// nvmlClockType_t and nvmlTemperatureSensors_t.
constexpr unsigned int kClockOfMultiprocessors = 1;
constexpr unsigned int kClockOfMemory = 2;
constexpr unsigned int kTemperatureOfChip = 0;

/// What CUresult values of cuInit mean to whoever can mend them.
struct InitFailure {
  int code;
  const char* sentence;
};
constexpr InitFailure kInitFailures[] = {
    {34,
     "the libcuda found is a stub that links programs and runs none: put the driver's own first"},
    {100, "the driver finds no card that it can use: look at nvidia-smi and CUDA_VISIBLE_DEVICES"},
    {304, "the driver cannot open its device nodes: see the permissions of /dev/nvidia*"},
    {802, "the cards are not ready: NVIDIA's fabric manager is not running"},
    {803, "libcuda and the loaded kernel module are of different versions: restart the machine"},
    {804, "the libcuda found is a compatibility package that this card does not support"},
    {999,
     "CUDA does not start (unknown error): often /dev/nvidia-uvm is missing; "
     "nvidia-modprobe -u makes it"},
};

/// An opened library; it stays open, since neither of the two can be closed cleanly.
class Library {
 public:
  explicit Library(const std::string& name) : handle_(dlopen(name.c_str(), RTLD_NOW)) {
    if (handle_ == nullptr) error_ = dlerror();
  }

  const std::string& error() const { return error_; }
  explicit operator bool() const { return handle_ != nullptr; }

  template <typename Function>
  Function* find(const char* name) const {
    return reinterpret_cast<Function*>(dlsym(handle_, name));
  }

  fs::path file() const {
    link_map* map = nullptr;
    if (dlinfo(handle_, RTLD_DI_LINKMAP, &map) != 0) return {};
    std::error_code error;
    const fs::path real = fs::canonical(map->l_name, error);
    return error ? fs::path(map->l_name) : real;
  }

 private:
  void* handle_;
  std::string error_;
};

/// libcuda, as far as it is asked here.
struct CudaDriver {
  explicit CudaDriver(const Library& library)
      : init(library.find<int(unsigned int)>("cuInit")),
        version(library.find<int(int*)>("cuDriverGetVersion")),
        count(library.find<int(int*)>("cuDeviceGetCount")),
        device(library.find<int(int*, int)>("cuDeviceGet")),
        name(library.find<int(char*, int, int)>("cuDeviceGetName")),
        bus(library.find<int(char*, int, int)>("cuDeviceGetPCIBusId")),
        memory(library.find<int(std::size_t*, int)>("cuDeviceTotalMem_v2")),
        attribute(library.find<int(int*, int, int)>("cuDeviceGetAttribute")) {}

  bool complete() const {
    return init != nullptr && version != nullptr && count != nullptr && device != nullptr &&
           name != nullptr && bus != nullptr && memory != nullptr && attribute != nullptr;
  }

  int (*init)(unsigned int flags);
  int (*version)(int* thousands);
  int (*count)(int* count);
  int (*device)(int* device, int index);
  int (*name)(char* name, int bytes, int device);
  int (*bus)(char* bus, int bytes, int device);
  int (*memory)(std::size_t* bytes, int device);
  int (*attribute)(int* value, int attribute, int device);
};

/// NVML, as far as it is asked here.
struct ManagementLibrary {
  using Device = nvmlDevice_st*;

  explicit ManagementLibrary(const Library& library)
      : init(library.find<int()>("nvmlInit_v2")),
        by_bus(library.find<int(const char*, Device*)>("nvmlDeviceGetHandleByPciBusId_v2")),
        clock(library.find<int(Device, unsigned int, unsigned int*)>("nvmlDeviceGetClockInfo")),
        clock_max(
            library.find<int(Device, unsigned int, unsigned int*)>("nvmlDeviceGetMaxClockInfo")),
        temperature(
            library.find<int(Device, unsigned int, unsigned int*)>("nvmlDeviceGetTemperature")) {}

  bool complete() const {
    return init != nullptr && by_bus != nullptr && clock != nullptr && clock_max != nullptr &&
           temperature != nullptr;
  }

  int (*init)();
  int (*by_bus)(const char* bus, Device* device);
  int (*clock)(Device device, unsigned int type, unsigned int* mhz);
  int (*clock_max)(Device device, unsigned int type, unsigned int* mhz);
  int (*temperature)(Device device, unsigned int sensor, unsigned int* celsius);
};

std::string init_failure(int code) {
  for (const InitFailure& failure : kInitFailures) {
    if (failure.code == code) return failure.sentence;
  }
  return fmt::format("CUDA does not start: cuInit gives error {}", code);
}

std::string version_text(const CudaDriver& cuda) {
  int version = 0;  // 13000
  if (cuda.version(&version) != kSuccess || version <= 0) return {};
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

int attribute_of(const CudaDriver& cuda, Attribute attribute, int device) {
  int value = -1;
  return cuda.attribute(&value, attribute, device) == kSuccess ? value : -1;
}

Gpu describe(const CudaDriver& cuda, int index) {
  Gpu gpu;
  gpu.index = index;
  int device = 0;
  if (cuda.device(&device, index) != kSuccess) return gpu;
  std::array<char, kNameBytes> text{};
  if (cuda.name(text.data(), kNameBytes - 1, device) == kSuccess) gpu.name = text.data();
  text = {};
  if (cuda.bus(text.data(), kNameBytes - 1, device) == kSuccess) gpu.bus = text.data();
  gpu.capability_major = attribute_of(cuda, kCapabilityMajor, device);
  gpu.capability_minor = attribute_of(cuda, kCapabilityMinor, device);
  gpu.multiprocessors = attribute_of(cuda, kMultiprocessors, device);
  gpu.l2_bytes = attribute_of(cuda, kL2Bytes, device);
  std::size_t bytes = 0;
  if (cuda.memory(&bytes, device) == kSuccess) gpu.memory_bytes = static_cast<std::int64_t>(bytes);
  return gpu;
}

/// Clocks and temperature of the moment, where NVML tells them.
void add_state(const ManagementLibrary& nvml, Gpu& gpu) {
  ManagementLibrary::Device device = nullptr;
  if (nvml.by_bus(gpu.bus.c_str(), &device) != kSuccess) return;
  const auto ask = [&](auto* function, unsigned int which, int& result) {
    unsigned int value = 0;
    if (function(device, which, &value) == kSuccess) result = static_cast<int>(value);
  };
  ask(nvml.clock, kClockOfMultiprocessors, gpu.clock_mhz);
  ask(nvml.clock_max, kClockOfMultiprocessors, gpu.clock_mhz_max);
  ask(nvml.clock, kClockOfMemory, gpu.memory_clock_mhz);
  ask(nvml.temperature, kTemperatureOfChip, gpu.temperature_c);
}

}  // namespace

DriverAnswer ask_driver(const std::string& libcuda, const std::string& libnvml) {
  DriverAnswer answer;
  const Library library(libcuda);
  if (!library) {
    answer.failure = "the driver's library cannot be opened: " + library.error();
    return answer;
  }
  answer.library = library.file();
  const CudaDriver cuda(library);
  if (!cuda.complete()) {
    answer.failure = answer.library.string() + " lacks functions of CUDA's driver";
    return answer;
  }
  if (const int code = cuda.init(0); code != kSuccess) {
    answer.failure = init_failure(code);
    return answer;
  }
  answer.cuda = version_text(cuda);
  int count = 0;
  if (cuda.count(&count) != kSuccess || count <= 0) {
    answer.failure = init_failure(100);
    return answer;
  }
  const Library management(libnvml);
  std::optional<ManagementLibrary> nvml;
  if (management) nvml.emplace(management);
  const bool managed = nvml && nvml->complete() && nvml->init() == kSuccess;
  for (int index = 0; index < std::min(count, kGpusMax); ++index) {
    answer.gpus.push_back(describe(cuda, index));
    if (managed) add_state(*nvml, answer.gpus.back());
  }
  return answer;
}

}  // namespace unaided
