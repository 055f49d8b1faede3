// One kernel for maximum and sum of each row, into scratch memory; another for the entries.
#include <cmath>
#include <cstdint>

// level 2
#include "level2.h"

namespace kata {
namespace {

struct Row {
  float largest;
  float sum;
};

__global__ void measure(const float* x, std::int64_t stride, Row* measured, std::int64_t rows,
                        std::int64_t columns) {
  __shared__ float largest[4], sum[4];
  const int warp = threadIdx.x / 32;
  const std::int64_t row = blockIdx.x;
  float mine = -INFINITY;
  for (std::int64_t c = threadIdx.x; c < columns; c += 128) mine = fmaxf(mine, x[row * stride + c]);
  for (int d = 16; d > 0; d >>= 1) mine = fmaxf(mine, __shfl_down_sync(~0U, mine, d));
  if (threadIdx.x % 32 == 0) largest[warp] = mine;
  __syncthreads();
  const float top = fmaxf(fmaxf(largest[0], largest[1]), fmaxf(largest[2], largest[3]));
  float total = 0;
  if (top > -INFINITY) {
    for (std::int64_t c = threadIdx.x; c < columns; c += 128)
      total += expf(x[row * stride + c] - top);
  }
  for (int d = 16; d > 0; d >>= 1) total += __shfl_down_sync(~0U, total, d);
  if (threadIdx.x % 32 == 0) sum[warp] = total;
  __syncthreads();
  if (threadIdx.x == 0) measured[row] = {top, sum[0] + sum[1] + sum[2] + sum[3]};
}

__global__ void divide(const float* x, std::int64_t x_stride, float* y, std::int64_t y_stride,
                       const Row* measured, std::int64_t columns) {
  const Row row = measured[blockIdx.x];
  const std::int64_t c = blockIdx.y * std::int64_t{128} + threadIdx.x;
  if (c >= columns) return;
  const float entry = x[blockIdx.x * x_stride + c];
  y[blockIdx.x * y_stride + c] = row.sum == 0 ? 0 : expf(entry - row.largest) / row.sum;
}

}  // namespace

void softmax_rows(const float* x, std::int64_t x_stride, float* y, std::int64_t y_stride,
                  std::int64_t rows, std::int64_t columns, cudaStream_t stream) {
  if (rows == 0) return;
  Row* measured = nullptr;
  if (cudaMallocAsync(&measured, rows * sizeof(Row), stream) != cudaSuccess) return;
  const auto count = static_cast<unsigned>(rows);
  measure<<<count, 128, 0, stream>>>(x, x_stride, measured, rows, columns);
  const dim3 tiles(count, static_cast<unsigned>((columns + 127) / 128));
  divide<<<tiles, 128, 0, stream>>>(x, x_stride, y, y_stride, measured, columns);
  cudaFreeAsync(measured, stream);
}

}  // namespace kata
