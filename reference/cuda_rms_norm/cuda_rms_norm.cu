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

/// Each lane gets the sum over its warp: after step k, over 2^k lanes.
__device__ float sum_of_warp(float value) {
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(kAllLanes, value, distance);
  }
  return value;
}

/// Each thread gets the sum over its block of kThreads: of the warps' sums, one a warp.
__device__ float sum_of_block(float value) {
  __shared__ float of_warp[kWarps];
  const int lane = threadIdx.x % kWarp;
  value = sum_of_warp(value);
  __syncthreads();  // whoever still reads the last row's sums must be through
  if (lane == 0) of_warp[threadIdx.x / kWarp] = value;
  __syncthreads();
  return sum_of_warp(lane < kWarps ? of_warp[lane] : 0);
}

/// What a row is multiplied by. All threads of the block call it, each with its own squares' sum.
__device__ float scale_of_row(float squares, std::int64_t columns, float epsilon) {
  return rsqrtf(sum_of_block(squares) / static_cast<float>(columns) + epsilon);
}

/// One block a row, two passes over it. The second finds the row in the cache.
__global__ void rms_norm_kernel(const float* x, const float* weight, float* y, std::int64_t rows,
                                std::int64_t columns, float epsilon) {
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const float* in = x + row * columns;
    float* out = y + row * columns;
    float squares = 0;
    for (std::int64_t c = threadIdx.x; c < columns; c += kThreads) squares += in[c] * in[c];
    const float scale = scale_of_row(squares, columns, epsilon);
    for (std::int64_t c = threadIdx.x; c < columns; c += kThreads) {
      out[c] = in[c] * scale * weight[c];
    }
  }
}

unsigned blocks_for(std::int64_t rows) {
  return static_cast<unsigned>(rows < kBlocksMax ? rows : kBlocksMax);
}

}  // namespace

void rms_norm(const float* x, const float* weight, float* y, std::int64_t rows,
              std::int64_t columns, float epsilon, cudaStream_t stream) {
  if (rows == 0) return;  // an empty grid cannot be launched
  rms_norm_kernel<<<blocks_for(rows), kThreads, 0, stream>>>(x, weight, y, rows, columns, epsilon);
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

/// What is read and written at once: one float, or four where everything allows it.
struct Single {
  static constexpr int kWidth = 1;
  using Type = float;
};
struct Quad {
  static constexpr int kWidth = 4;
  using Type = float4;
};

__device__ float sum(float a, float b) {
  return a + b;
}
__device__ float4 sum(float4 a, float4 b) {
  return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}
__device__ float square(float a) {
  return a * a;
}
__device__ float square(float4 a) {
  return a.x * a.x + a.y * a.y + a.z * a.z + a.w * a.w;
}
__device__ float scaled(float a, float scale, const float* weight, std::int64_t i) {
  return a * scale * (weight == nullptr ? 1 : weight[i]);
}
/// The weight is read float by float: it may lie anywhere, and stays in the cache.
__device__ float4 scaled(float4 a, float scale, const float* weight, std::int64_t i) {
  return make_float4(scaled(a.x, scale, weight, 4 * i), scaled(a.y, scale, weight, 4 * i + 1),
                     scaled(a.z, scale, weight, 4 * i + 2), scaled(a.w, scale, weight, 4 * i + 3));
}

/// Where row `row` of a matrix begins, in pieces of Access.
template <typename Access>
__device__ const typename Access::Type* row_of(const float* matrix, std::int64_t stride,
                                               std::int64_t row) {
  return reinterpret_cast<const typename Access::Type*>(matrix + row * stride);
}
template <typename Access>
__device__ typename Access::Type* row_of(float* matrix, std::int64_t stride, std::int64_t row) {
  return reinterpret_cast<typename Access::Type*>(matrix + row * stride);
}

/// The first pass adds, stores and squares; the second reads what the same thread has stored, so no
/// barrier is needed for that. x is read in the first pass only: y may take its place.
template <typename Access>
__global__ void add_rms_norm_kernel(float* residual, std::int64_t residual_stride, const float* x,
                                    std::int64_t x_stride, const float* weight, float* y,
                                    std::int64_t y_stride, std::int64_t rows, std::int64_t columns,
                                    float epsilon) {
  const std::int64_t pieces = columns / Access::kWidth;
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    auto* const kept = row_of<Access>(residual, residual_stride, row);
    const auto* const added = row_of<Access>(x, x_stride, row);
    auto* const out = row_of<Access>(y, y_stride, row);
    float squares = 0;
    for (std::int64_t i = threadIdx.x; i < pieces; i += kThreads) {
      const auto total = sum(kept[i], added[i]);
      kept[i] = total;
      squares += square(total);
    }
    const float scale = scale_of_row(squares, columns, epsilon);
    for (std::int64_t i = threadIdx.x; i < pieces; i += kThreads) {
      out[i] = scaled(kept[i], scale, weight, i);
    }
  }
}

/// Whether each row of a matrix begins at a multiple of 16 bytes.
bool rows_aligned(const float* matrix, std::int64_t stride) {
  return reinterpret_cast<std::uintptr_t>(matrix) % sizeof(float4) == 0 && stride % 4 == 0;
}

}  // namespace

void add_rms_norm(float* residual, std::int64_t residual_stride, const float* x,
                  std::int64_t x_stride, const float* weight, float* y, std::int64_t y_stride,
                  std::int64_t rows, std::int64_t columns, float epsilon, cudaStream_t stream) {
  if (rows == 0) return;
  const bool quads = columns % 4 == 0 && rows_aligned(residual, residual_stride) &&
                     rows_aligned(x, x_stride) && rows_aligned(y, y_stride);
  const auto kernel = quads ? add_rms_norm_kernel<Quad> : add_rms_norm_kernel<Single>;
  kernel<<<blocks_for(rows), kThreads, 0, stream>>>(residual, residual_stride, x, x_stride, weight,
                                                    y, y_stride, rows, columns, epsilon);
}

}  // namespace kata
