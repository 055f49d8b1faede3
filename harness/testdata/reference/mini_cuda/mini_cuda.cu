#include <cuda_runtime.h>

// level 1
#include "level1.h"

namespace kata {

__global__ void reverse_kernel(int* x, int count) {
  __shared__ int tile[256];
  const int i = threadIdx.x;
  if (i < count) tile[i] = x[i];
  __syncthreads();
  if (i < count) x[i] = tile[count - 1 - i];
}

void reverse(int* x, int count, cudaStream_t stream) {
  reverse_kernel<<<1, 256, 0, stream>>>(x, count);
}

}  // namespace kata
