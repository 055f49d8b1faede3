// Reductions by halving in dynamic shared memory: barriers and no shuffles.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

namespace kata {

extern __shared__ float scratch[];

template <bool kIsSum>
__device__ float over_block(float value) {
  scratch[threadIdx.x] = value;
  __syncthreads();
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      const float other = scratch[threadIdx.x + half];
      scratch[threadIdx.x] =
          kIsSum ? scratch[threadIdx.x] + other : fmaxf(scratch[threadIdx.x], other);
    }
    __syncthreads();
  }
  const float result = scratch[0];
  __syncthreads();
  return result;
}

__global__ void tree_softmax(const float* x, std::int64_t x_stride, float* y, std::int64_t y_stride,
                             std::int64_t columns) {
  const float* const in = x + blockIdx.x * x_stride;
  float* const out = y + blockIdx.x * y_stride;
  float largest = -HUGE_VALF;
  for (std::int64_t c = threadIdx.x; c < columns; c += blockDim.x) {
    largest = fmaxf(largest, in[c]);
  }
  largest = over_block<false>(largest);
  if (largest == -HUGE_VALF) {
    for (std::int64_t c = threadIdx.x; c < columns; c += blockDim.x) out[c] = 0;
    return;
  }
  float sum = 0;
  for (std::int64_t c = threadIdx.x; c < columns; c += blockDim.x) sum += expf(in[c] - largest);
  sum = over_block<true>(sum);
  for (std::int64_t c = threadIdx.x; c < columns; c += blockDim.x) {
    out[c] = expf(in[c] - largest) / sum;
  }
}

void softmax(const float* x, float* y, std::int64_t rows, std::int64_t columns,
             cudaStream_t stream) {
  constexpr unsigned kBlock = 128;
  const dim3 grid(static_cast<unsigned>(rows));
  if (rows > 0) {
    tree_softmax<<<grid, kBlock, kBlock * sizeof(float), stream>>>(x, columns, y, columns, columns);
  }
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

void softmax_rows(const float* x, std::int64_t x_stride, float* y, std::int64_t y_stride,
                  std::int64_t rows, std::int64_t columns, cudaStream_t stream) {
  constexpr unsigned kBlock = 128;
  if (rows == 0) return;
  tree_softmax<<<static_cast<unsigned>(rows), kBlock, kBlock * sizeof(float), stream>>>(
      x, x_stride, y, y_stride, columns);
}

}  // namespace kata
