// The k-th largest by bisection over its bits, each step a count of the block; then every chosen
// entry finds its own place among the chosen.
#include <cstdint>

// level 2
#include "level2.h"

namespace kata {
namespace {

constexpr int kBlock = 256;  // and so many entries may be asked for

__device__ std::uint64_t number_of(float value, std::int64_t column) {
  if (value == 0) value = 0;
  std::uint32_t bits = __float_as_uint(value);
  bits = value == 0 ? 0x80000000u : value < 0 ? ~bits : bits + 0x80000000u;
  return (std::uint64_t{bits} << 32) + (0xffffffffull - static_cast<std::uint64_t>(column));
}

__global__ void bisect(const float* x, std::int64_t stride, float* values, std::int32_t* indices,
                       std::int64_t columns, int k) {
  extern __shared__ unsigned char raw[];
  auto* const chosen = reinterpret_cast<std::uint64_t*>(raw);
  __shared__ int total, filled;
  const float* const row = x + blockIdx.x * stride;
  std::uint64_t least = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const std::uint64_t trial = least | std::uint64_t{1} << bit;
    if (threadIdx.x == 0) total = filled = 0;
    __syncthreads();
    int mine = 0;
    for (std::int64_t c = threadIdx.x; c < columns; c += kBlock) {
      mine += number_of(row[c], c) >= trial;
    }
    for (int d = 16; d > 0; d >>= 1) mine += __shfl_down_sync(0xffffffff, mine, d);
    if (threadIdx.x % 32 == 0) atomicAdd(&total, mine);
    __syncthreads();
    if (total >= k) least = trial;
    __syncthreads();
  }
  for (std::int64_t c = threadIdx.x; c < columns; c += kBlock) {
    const std::uint64_t one = number_of(row[c], c);
    if (one >= least) chosen[atomicAdd(&filled, 1)] = one;
  }
  __syncthreads();
  if (threadIdx.x >= k) return;
  int place = 0;
  for (int i = 0; i < k; ++i) place += chosen[i] > chosen[threadIdx.x];
  const auto column =
      static_cast<std::int32_t>(0xffffffffull - (chosen[threadIdx.x] & 0xffffffffull));
  values[blockIdx.x * std::int64_t{k} + place] = row[column];
  indices[blockIdx.x * std::int64_t{k} + place] = column;
}

}  // namespace

void top_k_rows(const float* x, std::int64_t x_stride, float* values, std::int32_t* indices,
                std::int64_t rows, std::int64_t columns, std::int64_t k, cudaStream_t stream) {
  if (rows == 0) return;
  bisect<<<static_cast<unsigned>(rows), kBlock, k * sizeof(std::uint64_t), stream>>>(
      x, x_stride, values, indices, columns, static_cast<int>(k));
}

}  // namespace kata
