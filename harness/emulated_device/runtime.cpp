// CUDA's runtime calls, and what rewritten sources call, handed to the emulated device.
#include <cstring>

#include "emulated_device.h"

namespace {

using unaided::EmulatedDevice;

EmulatedDevice& device() {
  return EmulatedDevice::current();
}

}  // namespace

namespace emulated_device {

void enqueue(const Configuration& configuration, std::function<void()> kernel,
             const std::vector<const void*>& pointers) {
  device().launch(configuration, std::move(kernel), pointers);
}

void use_shared(void* variable, std::size_t bytes) {
  device().block().use_shared(variable, bytes);
}

void allow_dynamic_shared(std::size_t bytes) {
  device().allow_dynamic_shared(bytes);
}

std::uint64_t exchange(Exchange kind, unsigned mask, std::uint64_t bits, unsigned source,
                       int line) {
  return device().block().exchange(kind, mask, bits, source, line);
}

int barrier(Vote vote, int predicate, int line) {
  return device().block().barrier(vote, predicate, line);
}

unsigned lane() {
  return device().block().lane();
}

}  // namespace emulated_device

/// Called by code that clang's -fsanitize=alignment has checked: see header_cache.cpp.
extern "C" void __ubsan_handle_type_mismatch_minimal() {  // NOLINT: the sanitizer's name
  device().block().misaligned();
}

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t) {
  return device().allocate_for_attempt(pointer, bytes);
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  return device().release(pointer, stream);
}

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  device().wait_for("cudaMalloc");
  return device().allocate_for_attempt(pointer, bytes);
}

cudaError_t cudaFree(void* pointer) {
  device().wait_for("cudaFree");
  return device().release(pointer, nullptr);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (kind == cudaMemcpyHostToDevice) {
    device().upload(stream, to, from, bytes);
    return device().enqueue(stream, [] {});
  }
  return device().enqueue(stream, [to, from, bytes] { std::memcpy(to, from, bytes); });
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  const cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr);
  device().wait_for("cudaMemcpy");
  return error;
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  return device().enqueue(stream, [to, value, bytes] { std::memset(to, value, bytes); });
}

cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  return cudaMemsetAsync(to, value, bytes, nullptr);
}

cudaError_t cudaStreamSynchronize(cudaStream_t) {
  device().wait_for("cudaStreamSynchronize");
  return device().last_error(/*forget=*/false);
}

cudaError_t cudaDeviceSynchronize() {
  device().wait_for("cudaDeviceSynchronize");
  return device().last_error(/*forget=*/false);
}

cudaError_t cudaGetLastError() {
  return device().last_error(/*forget=*/true);
}

cudaError_t cudaPeekAtLastError() {
  return device().last_error(/*forget=*/false);
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorLaunchFailure:
      return "unspecified launch failure";
  }
  return "unrecognized error code";
}

cudaError_t cudaGetDevice(int* index) {
  *index = 0;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      *value = static_cast<int>(unaided::kBlockThreadsMax);
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = static_cast<int>(unaided::kSharedBytesMax);
      return cudaSuccess;
    case cudaDevAttrMultiProcessorCount:
      *value = 4;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(unaided::kSharedBytesMaxAllowed);
      return cudaSuccess;
  }
  return cudaErrorInvalidValue;
}
