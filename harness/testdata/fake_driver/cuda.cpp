// A libcuda of FAKE_CUDA_COUNT cards (default: one H100); its cuInit gives FAKE_CUDA_INIT. Its
// memory is the host's, its streams are threads. Whatever may wait for the card does: allocations,
// too.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "stream.h"

struct CUctx_st;

namespace {

constexpr int kInvalidDevice = 101;
constexpr int kNotSupported = 801;

std::vector<CUstream_st*> streams;
std::vector<std::unique_ptr<char[]>> memory;

char* take(std::size_t bytes) {
  return memory.emplace_back(new char[bytes]).get();
}

void* pointer(std::uint64_t address) {
  return reinterpret_cast<void*>(address);
}

int wait_for_all() {
  int error = 0;
  for (CUstream_st* stream : streams) {
    stream->wait_until_idle();
    error = error == 0 ? stream->error.load() : error;
  }
  return error;
}

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
  return index < from_environment("FAKE_CUDA_COUNT", 1) ? 0 : kInvalidDevice;
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

int cuDevicePrimaryCtxRetain(CUctx_st** context, int) {
  *context = nullptr;
  return 0;
}

int cuCtxSetCurrent(CUctx_st*) {
  return 0;
}

int cuMemAlloc_v2(std::uint64_t* address, std::size_t bytes) {
  wait_for_all();
  *address = reinterpret_cast<std::uint64_t>(take(bytes));
  return 0;
}

int cuMemHostAlloc(void** address, std::size_t bytes, unsigned int) {
  wait_for_all();
  *address = take(bytes);
  return 0;
}

int cuStreamCreate(CUstream_st** stream, unsigned int) {
  *stream = streams.emplace_back(new CUstream_st);
  return 0;
}

int cuMemcpyHtoDAsync_v2(std::uint64_t to, const void* from, std::size_t bytes,
                         CUstream_st* stream) {
  stream->enqueue([=] { std::memcpy(pointer(to), from, bytes); });
  stream->wait_until_idle();  // as it is with ordinary memory
  return 0;
}

int cuMemcpyDtoDAsync_v2(std::uint64_t to, std::uint64_t from, std::size_t bytes,
                         CUstream_st* stream) {
  stream->enqueue([=] { std::memcpy(pointer(to), pointer(from), bytes); });
  return 0;
}

int cuMemcpyDtoH_v2(void* to, std::uint64_t from, std::size_t bytes) {
  std::memcpy(to, pointer(from), bytes);
  return 0;
}

int cuStreamSynchronize(CUstream_st* stream) {
  stream->wait_until_idle();
  return stream->error;
}

int cuCtxSynchronize() {
  return wait_for_all();
}

int cuGetErrorString(int error, const char** text) {
  *text = error == 700 ? "an illegal memory access was encountered" : "another error";
  return 0;
}

int cuStreamWaitValue32_v2(CUstream_st* stream, std::uint64_t address, std::uint32_t value,
                           unsigned int) {
  if (from_environment("FAKE_CUDA_WAITS", 1) == 0) return kNotSupported;
  stream->enqueue([=] {
    const std::atomic_ref word(*static_cast<std::uint32_t*>(pointer(address)));
    while (word.load() != value) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  return 0;
}

int cuLaunchHostFunc(CUstream_st* stream, void (*function)(void*), void* argument) {
  stream->enqueue([=] { function(argument); });
  return 0;
}
}
