// What an attempt of a kata with `device = "cuda"` may use without naming it, where the device is
// emulated on the CPU (harness/emulated_device/): CUDA's qualifiers, built-in variables, intrinsics
// and the runtime calls that launch work. nvcc has these itself; what is here has its meaning, or
// is missing. Compiled from text that harness/emulated_source.cpp has rewritten.
#include <algorithm>
#include <array>
#include <cassert>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iomanip>
#include <iostream>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// NOLINTBEGIN(readability-identifier-naming): CUDA's names.
#define __global__
#define __device__
#define __host__
#define __constant__
#ifndef __shared__  // an editor is told otherwise: extern arrays are declared with it, too
#define __shared__ static
#endif
#define __grid_constant__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define CUDART_INF_F INFINITY
#define CUDART_NAN_F NAN

// --- Vectors ---

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_given = 1, unsigned y_given = 1, unsigned z_given = 1)
      : x(x_given), y(y_given), z(z_given) {}
};
struct float3 {
  float x, y, z;
};

namespace emulated_device {

/// Two numbers that are read and written at once. To copy them is a call, so that the check of
/// alignment with which attempts are compiled sees where they are read and written.
template <typename T>
struct alignas(2 * sizeof(T)) Pair {
  T x, y;

  Pair() = default;
  constexpr Pair(T x_given, T y_given) : x(x_given), y(y_given) {}
  constexpr Pair(const Pair& other) : x(other.x), y(other.y) {}
  constexpr Pair& operator=(const Pair& other) {
    x = other.x, y = other.y;
    return *this;
  }
};

template <typename T>
struct alignas(4 * sizeof(T)) Quad {
  T x, y, z, w;

  Quad() = default;
  constexpr Quad(T x_given, T y_given, T z_given, T w_given)
      : x(x_given), y(y_given), z(z_given), w(w_given) {}
  constexpr Quad(const Quad& other) : x(other.x), y(other.y), z(other.z), w(other.w) {}
  constexpr Quad& operator=(const Quad& other) {
    x = other.x, y = other.y, z = other.z, w = other.w;
    return *this;
  }
};

}  // namespace emulated_device

using float2 = emulated_device::Pair<float>;
using float4 = emulated_device::Quad<float>;
using int2 = emulated_device::Pair<int>;
using int4 = emulated_device::Quad<int>;
using uint2 = emulated_device::Pair<unsigned>;
using uint4 = emulated_device::Quad<unsigned>;
inline float2 make_float2(float x, float y) {
  return {x, y};
}
inline float3 make_float3(float x, float y, float z) {
  return {x, y, z};
}
inline float4 make_float4(float x, float y, float z, float w) {
  return {x, y, z, w};
}
inline int2 make_int2(int x, int y) {
  return {x, y};
}
inline int4 make_int4(int x, int y, int z, int w) {
  return {x, y, z, w};
}
inline uint2 make_uint2(unsigned x, unsigned y) {
  return {x, y};
}
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) {
  return {x, y, z, w};
}

// --- Where a thread is ---

namespace emulated_device {
struct Position {
  uint3 thread, block;
  dim3 block_size, grid_size;
};
extern Position position;
}  // namespace emulated_device

static constexpr const uint3& threadIdx = emulated_device::position.thread;
static constexpr const uint3& blockIdx = emulated_device::position.block;
static constexpr const dim3& blockDim = emulated_device::position.block_size;
static constexpr const dim3& gridDim = emulated_device::position.grid_size;
static constexpr int warpSize = 32;

// --- The runtime ---

struct CUstream_st;
using cudaStream_t = CUstream_st*;

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorLaunchFailure = 719
};
enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};
enum cudaFuncAttribute {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaFuncAttributePreferredSharedMemoryCarveout = 9
};
enum cudaDeviceAttr {
  cudaDevAttrMaxThreadsPerBlock = 1,
  cudaDevAttrMaxSharedMemoryPerBlock = 8,
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97
};

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream);
cudaError_t cudaMalloc(void** pointer, std::size_t bytes);
cudaError_t cudaFree(void* pointer);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream = nullptr);
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream = nullptr);
cudaError_t cudaMemset(void* to, int value, std::size_t bytes);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);

template <typename T>
cudaError_t cudaMallocAsync(T** pointer, std::size_t bytes, cudaStream_t stream) {
  return cudaMallocAsync(reinterpret_cast<void**>(pointer), bytes, stream);
}
template <typename T>
cudaError_t cudaMalloc(T** pointer, std::size_t bytes) {
  return cudaMalloc(reinterpret_cast<void**>(pointer), bytes);
}

namespace emulated_device {

/// As a launch says it.
struct Configuration {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes;
  cudaStream_t stream;
  int line;
};

/// Queues a kernel on its stream. `pointers` are those among its arguments, null where there is
/// none.
void enqueue(const Configuration& configuration, std::function<void()> kernel,
             const std::vector<const void*>& pointers);

/// What stands between the name of a kernel and its arguments.
template <typename Kernel>
class PreparedLaunch {
 public:
  PreparedLaunch(Kernel kernel, const Configuration& configuration)
      : kernel_(kernel), configuration_(configuration) {}

  /// Arguments are copied now and used when the kernel runs.
  template <typename... Arguments>
  void operator()(Arguments... arguments) const {
    enqueue(configuration_, [kernel = kernel_, arguments...] { kernel(arguments...); },
            {pointer(arguments)...});
  }

 private:
  template <typename T>
  static const void* pointer(const T& argument) {
    if constexpr (std::is_convertible_v<T, const void*>) return argument;
    return nullptr;
  }

  Kernel kernel_;
  Configuration configuration_;
};

template <typename Kernel>
PreparedLaunch<Kernel> prepare(Kernel kernel, dim3 grid, dim3 block, std::size_t shared_bytes = 0,
                               cudaStream_t stream = nullptr, int line = __builtin_LINE()) {
  return {kernel, {grid, block, shared_bytes, stream, line}};
}

/// Tells the device that the block uses these bytes of shared memory.
void use_shared(void* variable, std::size_t bytes);
class SharedUse {
 public:
  SharedUse(void* variable, std::size_t bytes) { use_shared(variable, bytes); }
};

/// Dynamic shared memory, as an array of whatever type it is declared with.
extern unsigned char dynamic_shared[];
struct DynamicShared {
  template <typename T>
  operator T*() const {
    return reinterpret_cast<T*>(dynamic_shared);
  }
};

void allow_dynamic_shared(std::size_t bytes);

/// Lanes of a warp that wait for each other, and what they do then.
enum class Exchange { kSync, kShuffle, kBallot };

/// Waits for the lanes in `mask`. Returns what lane `source` gave as `bits`; of a ballot, a bit for
/// each lane whose `bits` are not 0.
std::uint64_t exchange(Exchange kind, unsigned mask, std::uint64_t bits, unsigned source, int line);

enum class Vote { kNone, kCount, kAnd, kOr };
/// Waits for the whole block. Returns what its threads' votes come to.
int barrier(Vote vote, int predicate, int line);

unsigned lane();

template <typename T>
T shuffle(unsigned mask, T value, unsigned source, int line) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8, "a shuffle moves 4 or 8 bytes");
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = exchange(Exchange::kShuffle, mask, bits, source, line);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace emulated_device

template <typename Function>
cudaError_t cudaFuncSetAttribute(Function, cudaFuncAttribute attribute, int value) {
  if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize) {
    if (value < 0) return cudaErrorInvalidValue;
    emulated_device::allow_dynamic_shared(static_cast<std::size_t>(value));
  }
  return cudaSuccess;
}

// --- Barriers, votes, shuffles ---

inline void __syncthreads(int line = __builtin_LINE()) {
  emulated_device::barrier(emulated_device::Vote::kNone, 0, line);
}
inline int __syncthreads_count(int predicate, int line = __builtin_LINE()) {
  return emulated_device::barrier(emulated_device::Vote::kCount, predicate, line);
}
inline int __syncthreads_and(int predicate, int line = __builtin_LINE()) {
  return emulated_device::barrier(emulated_device::Vote::kAnd, predicate, line);
}
inline int __syncthreads_or(int predicate, int line = __builtin_LINE()) {
  return emulated_device::barrier(emulated_device::Vote::kOr, predicate, line);
}
inline void __syncwarp(unsigned mask = 0xffffffff, int line = __builtin_LINE()) {
  emulated_device::exchange(emulated_device::Exchange::kSync, mask, 0, 0, line);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  return static_cast<unsigned>(emulated_device::exchange(emulated_device::Exchange::kBallot, mask,
                                                         predicate != 0 ? 1 : 0, 0, line));
}
inline int __any_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  return __ballot_sync(mask, predicate, line) != 0 ? 1 : 0;
}
inline int __all_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  return __ballot_sync(mask, predicate == 0 ? 1 : 0, line) == 0 ? 1 : 0;
}
template <typename T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, int line = __builtin_LINE()) {
  const unsigned lane = emulated_device::lane(), segment = static_cast<unsigned>(width);
  const unsigned start = lane & ~(segment - 1);
  return emulated_device::shuffle(mask, value,
                                  start + (static_cast<unsigned>(source) & (segment - 1)), line);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 int line = __builtin_LINE()) {
  const unsigned lane = emulated_device::lane(), within = lane & (static_cast<unsigned>(width) - 1);
  return emulated_device::shuffle(mask, value, delta > within ? lane : lane - delta, line);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   int line = __builtin_LINE()) {
  const unsigned lane = emulated_device::lane(), segment = static_cast<unsigned>(width);
  const unsigned within = lane & (segment - 1);
  return emulated_device::shuffle(mask, value, delta >= segment - within ? lane : lane + delta,
                                  line);
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32,
                  int line = __builtin_LINE()) {
  const unsigned lane = emulated_device::lane(), segment = static_cast<unsigned>(width);
  const unsigned source = lane ^ static_cast<unsigned>(lane_mask);
  const bool inside = source < (lane & ~(segment - 1)) + segment;
  return emulated_device::shuffle(mask, value, inside ? source : lane, line);
}
inline void __threadfence() {}
inline void __threadfence_block() {}

// --- Atomics: no thread is interrupted between two waits ---

template <typename T>
T emulated_exchange(T* address, T value) {
  const T old = *address;
  *address = value;
  return old;
}
template <typename T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  return emulated_exchange(address, static_cast<T>(*address + value));
}
template <typename T>
T atomicSub(T* address, std::type_identity_t<T> value) {
  return emulated_exchange(address, static_cast<T>(*address - value));
}
template <typename T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  return emulated_exchange(address, std::max(*address, value));
}
template <typename T>
T atomicMin(T* address, std::type_identity_t<T> value) {
  return emulated_exchange(address, std::min(*address, value));
}
template <typename T>
T atomicExch(T* address, std::type_identity_t<T> value) {
  return emulated_exchange(address, value);
}
template <typename T>
T atomicCAS(T* address, std::type_identity_t<T> compare, std::type_identity_t<T> value) {
  return emulated_exchange(address, *address == compare ? value : *address);
}

// --- Arithmetic ---

using std::max;
using std::min;
inline float rsqrtf(float x) {
  return 1.0F / std::sqrt(x);
}
inline double rsqrt(double x) {
  return 1.0 / std::sqrt(x);
}
inline float __expf(float x) {
  return std::exp(x);
}
inline float __logf(float x) {
  return std::log(x);
}
inline float __log2f(float x) {
  return std::log2(x);
}
inline float __powf(float x, float y) {
  return std::pow(x, y);
}
inline float __fdividef(float x, float y) {
  return x / y;
}
inline float __frcp_rn(float x) {
  return 1.0F / x;
}
inline float __frsqrt_rn(float x) {
  return rsqrtf(x);
}
inline float __fmaf_rn(float x, float y, float z) {
  return std::fma(x, y, z);
}
inline float __saturatef(float x) {
  return std::fmin(std::fmax(x, 0.0F), 1.0F);
}
inline int __float_as_int(float x) {
  return __builtin_bit_cast(int, x);
}
inline unsigned __float_as_uint(float x) {
  return __builtin_bit_cast(unsigned, x);
}
inline float __int_as_float(int x) {
  return __builtin_bit_cast(float, x);
}
inline float __uint_as_float(unsigned x) {
  return __builtin_bit_cast(float, x);
}
inline int __float2int_rn(float x) {
  return static_cast<int>(std::nearbyint(x));
}
inline float __int2float_rn(int x) {
  return static_cast<float>(x);
}
inline int __popc(unsigned x) {
  return __builtin_popcount(x);
}
inline int __popcll(unsigned long long x) {
  return __builtin_popcountll(x);
}
inline int __clz(int x) {
  return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x));
}
inline int __clzll(long long x) {
  return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x));
}
inline int __ffs(int x) {
  return __builtin_ffs(x);
}
template <typename T>
T __ldg(const T* address) {
  return *address;
}
template <typename T>
T __ldcs(const T* address) {
  return *address;
}
template <typename T>
void __stcs(T* address, T value) {
  *address = value;
}

// Last: the standard library spells an attribute of its own so.
#define __noinline__ __attribute__((noinline))
// NOLINTEND(readability-identifier-naming)
