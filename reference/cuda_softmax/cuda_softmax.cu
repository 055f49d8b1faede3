#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr int kWarp = 32;
constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr unsigned kAllLanes = 0xffffffff;
// Rows are handed out in turns, so that the grid need not grow with them.
constexpr std::int64_t kBlocksMax = 256;

struct Sum {
  static constexpr float kIdentity = 0;
  __device__ static float of(float a, float b) { return a + b; }
};

struct Max {
  static constexpr float kIdentity = -INFINITY;  // rows may be negative throughout
  __device__ static float of(float a, float b) { return fmaxf(a, b); }
};

/// Each lane gets the reduction over its warp: after step k, over 2^k lanes.
template <typename Operation>
__device__ float reduce_warp(float value) {
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    value = Operation::of(value, __shfl_xor_sync(kAllLanes, value, distance));
  }
  return value;
}

/// Each thread gets the reduction over its block of kThreads: of the warps' results, one a warp,
/// which go through `of_warp` in shared memory.
template <typename Operation>
__device__ float reduce_block(float value, float* of_warp) {
  const int lane = threadIdx.x % kWarp;
  value = reduce_warp<Operation>(value);
  __syncthreads();  // whoever still reads the last reduction's results must be through
  if (lane == 0) of_warp[threadIdx.x / kWarp] = value;
  __syncthreads();
  return reduce_warp<Operation>(lane < kWarps ? of_warp[lane] : Operation::kIdentity);
}

/// One block a row, three passes over it. Neighbouring threads read neighbouring columns, so that
/// each access of a warp is one stretch of memory.
__global__ void softmax_kernel(const float* x, float* y, std::int64_t rows, std::int64_t columns) {
  __shared__ float of_warp[kWarps];
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const float* in = x + row * columns;
    float* out = y + row * columns;

    float peak = Max::kIdentity;
    for (std::int64_t c = threadIdx.x; c < columns; c += kThreads) peak = fmaxf(peak, in[c]);
    peak = reduce_block<Max>(peak, of_warp);

    float sum = 0;
    for (std::int64_t c = threadIdx.x; c < columns; c += kThreads) sum += expf(in[c] - peak);
    sum = reduce_block<Sum>(sum, of_warp);

    // At least 1, by the largest entry's own exp(0).
    for (std::int64_t c = threadIdx.x; c < columns; c += kThreads) {
      out[c] = expf(in[c] - peak) / sum;
    }
  }
}

unsigned blocks_for(std::int64_t count) {
  return static_cast<unsigned>(count < kBlocksMax ? count : kBlocksMax);
}

}  // namespace

void softmax(const float* x, float* y, std::int64_t rows, std::int64_t columns,
             cudaStream_t stream) {
  if (rows == 0) return;  // an empty grid cannot be launched
  softmax_kernel<<<blocks_for(rows), kThreads, 0, stream>>>(x, y, rows, columns);
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

constexpr std::int64_t kNarrow = 512;  // up to here a warp has enough to do for a row of its own

/// What one pass can know of the entries that it has seen: their maximum, and the sum of
/// exp(entry − maximum).
struct Partial {
  float peak = -INFINITY;
  float sum = 0;
};

/// Of all entries that a and b have seen. A sum belongs to its maximum: to move it to a larger one,
/// it is multiplied by exp(old − new). Where nothing but −∞ was seen, the new maximum is −∞ too,
/// and the difference would be NaN.
__device__ Partial merged(Partial a, Partial b) {
  const float peak = fmaxf(a.peak, b.peak);
  if (peak == -INFINITY) return {};
  return {peak, a.sum * expf(a.peak - peak) + b.sum * expf(b.peak - peak)};
}

__device__ Partial merged_over_warp(Partial mine) {
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    mine = merged(mine, {__shfl_xor_sync(kAllLanes, mine.peak, distance),
                         __shfl_xor_sync(kAllLanes, mine.sum, distance)});
  }
  return mine;
}

__device__ Partial merged_over_block(Partial mine) {
  __shared__ float peaks[kWarps];
  __shared__ float sums[kWarps];
  const int lane = threadIdx.x % kWarp;
  mine = merged_over_warp(mine);
  __syncthreads();
  if (lane == 0) {
    peaks[threadIdx.x / kWarp] = mine.peak;
    sums[threadIdx.x / kWarp] = mine.sum;
  }
  __syncthreads();
  return merged_over_warp(lane < kWarps ? Partial{peaks[lane], sums[lane]} : Partial{});
}

/// One entry after the other. The sum is moved only where the maximum rises, so that most entries
/// cost one exp().
__device__ Partial seen(const float* in, std::int64_t first, std::int64_t columns,
                        std::int64_t step) {
  Partial mine;
  for (std::int64_t c = first; c < columns; c += step) {
    const float entry = in[c];
    if (entry > mine.peak) {
      mine.sum *= expf(mine.peak - entry);  // at first 0 · exp(−∞)
      mine.peak = entry;
    }
    if (mine.peak > -INFINITY) mine.sum += expf(entry - mine.peak);
  }
  return mine;
}

/// In place this is safe: each entry is read and written by one thread, after the statistics.
__device__ void write_row(const float* in, float* out, std::int64_t first, std::int64_t columns,
                          std::int64_t step, Partial row) {
  const bool masked = row.peak == -INFINITY;
  const float factor = masked ? 0 : 1 / row.sum;
  const float peak = masked ? 0 : row.peak;
  for (std::int64_t c = first; c < columns; c += step) out[c] = expf(in[c] - peak) * factor;
}

/// A warp for each row: no shared memory and no barrier.
__global__ void narrow_kernel(const float* x, std::int64_t x_stride, float* y,
                              std::int64_t y_stride, std::int64_t rows, std::int64_t columns) {
  const int lane = threadIdx.x % kWarp;
  const std::int64_t first = blockIdx.x * std::int64_t{kWarps} + threadIdx.x / kWarp;
  for (std::int64_t row = first; row < rows; row += std::int64_t{gridDim.x} * kWarps) {
    const float* in = x + row * x_stride;
    const Partial whole = merged_over_warp(seen(in, lane, columns, kWarp));
    write_row(in, y + row * y_stride, lane, columns, kWarp, whole);
  }
}

/// A block for each row.
__global__ void wide_kernel(const float* x, std::int64_t x_stride, float* y, std::int64_t y_stride,
                            std::int64_t rows, std::int64_t columns) {
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const float* in = x + row * x_stride;
    const Partial whole = merged_over_block(seen(in, threadIdx.x, columns, kThreads));
    write_row(in, y + row * y_stride, threadIdx.x, columns, kThreads, whole);
  }
}

}  // namespace

void softmax_rows(const float* x, std::int64_t x_stride, float* y, std::int64_t y_stride,
                  std::int64_t rows, std::int64_t columns, cudaStream_t stream) {
  if (rows == 0) return;
  if (columns <= kNarrow) {
    const unsigned blocks = blocks_for((rows + kWarps - 1) / kWarps);
    narrow_kernel<<<blocks, kThreads, 0, stream>>>(x, x_stride, y, y_stride, rows, columns);
  } else {
    wide_kernel<<<blocks_for(rows), kThreads, 0, stream>>>(x, x_stride, y, y_stride, rows, columns);
  }
}

}  // namespace kata
