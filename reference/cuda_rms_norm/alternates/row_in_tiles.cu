// 512 threads for each row; warps' sums go through one thread.
#include <cmath>
#include <cstdint>

// level 2
#include "level2.h"

namespace kata {
namespace {

constexpr int kBlock = 512;

__device__ double add_up(double mine, double* of_thread) {
  of_thread[threadIdx.x] = mine;
  __syncthreads();
  if (threadIdx.x == 0) {
    double all = 0;
    for (int i = 0; i < kBlock; ++i) all += of_thread[i];
    of_thread[0] = all;
  }
  __syncthreads();
  return of_thread[0];
}

__global__ void fused(float* residual, std::int64_t rs, const float* x, std::int64_t xs,
                      const float* weight, float* y, std::int64_t ys, std::int64_t columns,
                      float epsilon) {
  __shared__ double of_thread[kBlock];
  residual += blockIdx.x * rs;
  x += blockIdx.x * xs;
  y += blockIdx.x * ys;
  double squares = 0;
  for (std::int64_t tile = 0; tile < columns; tile += kBlock) {
    const std::int64_t c = tile + threadIdx.x;
    if (c >= columns) continue;
    residual[c] += x[c];
    squares += double{residual[c]} * residual[c];
  }
  const double mean = add_up(squares, of_thread) / static_cast<double>(columns);
  const auto factor = static_cast<float>(1 / sqrt(mean + epsilon));
  for (std::int64_t c = threadIdx.x; c < columns; c += kBlock) {
    y[c] = residual[c] * factor * (weight ? weight[c] : 1.0f);
  }
}

}  // namespace

void add_rms_norm(float* residual, std::int64_t residual_stride, const float* x,
                  std::int64_t x_stride, const float* weight, float* y, std::int64_t y_stride,
                  std::int64_t rows, std::int64_t columns, float epsilon, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(rows)), block(kBlock);
  if (rows > 0) {
    fused<<<grid, block, 0, stream>>>(residual, residual_stride, x, x_stride, weight, y, y_stride,
                                      columns, epsilon);
  }
}

}  // namespace kata
