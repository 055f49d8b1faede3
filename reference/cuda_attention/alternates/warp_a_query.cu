// A warp for each query: lanes share the head's numbers, keys come one after the other, and nothing
// is shared between warps.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

namespace kata {

template <int kPart>
__global__ void warp_attention(const float* q, std::int64_t qh, std::int64_t qr, const float* k,
                               std::int64_t kh, std::int64_t kr, const float* v, std::int64_t vh,
                               std::int64_t vr, float* out, std::int64_t oh, std::int64_t orow,
                               std::int64_t queries, std::int64_t keys) {
  const std::int64_t query = blockIdx.x * std::int64_t{4} + threadIdx.y;
  const std::int64_t head = blockIdx.y;
  if (query >= queries) return;  // the whole warp
  float own[kPart], sum[kPart], top = 0, total = 0;
  for (int i = 0; i < kPart; ++i) {
    own[i] = q[head * qh + query * qr + i * 32 + threadIdx.x];
    sum[i] = 0;
  }
  for (std::int64_t j = 0; j < keys && j <= query + keys - queries; ++j) {
    float dot = 0;
    for (int i = 0; i < kPart; ++i) dot += own[i] * k[head * kh + j * kr + i * 32 + threadIdx.x];
    for (int d = 1; d < 32; d <<= 1) dot += __shfl_xor_sync(0xffffffff, dot, d);
    dot *= rsqrtf(kPart * 32.0f);
    const float raised = j == 0 ? dot : fmaxf(top, dot);
    const float shrink = j == 0 ? 0 : expf(top - raised);
    const float weight = expf(dot - raised);
    top = raised;
    total = total * shrink + weight;
    for (int i = 0; i < kPart; ++i) {
      sum[i] = sum[i] * shrink + weight * v[head * vh + j * vr + i * 32 + threadIdx.x];
    }
  }
  for (int i = 0; i < kPart; ++i) {
    out[head * oh + query * orow + i * 32 + threadIdx.x] = total == 0 ? 0 : sum[i] / total;
  }
}

void causal_attention(const float* q, const float* k, const float* v, float* out,
                      std::int64_t heads, std::int64_t length, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>((length + 3) / 4), static_cast<unsigned>(heads));
  if (grid.x == 0 || grid.y == 0) return;
  const std::int64_t head = length * 64;
  warp_attention<2><<<grid, dim3(32, 4), 0, stream>>>(q, head, 64, k, head, 64, v, head, 64, out,
                                                      head, 64, length, length);
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

void strided_attention(const float* q, Strides qs, const float* k, Strides ks, const float* v,
                       Strides vs, float* out, Strides os, std::int64_t heads, std::int64_t queries,
                       std::int64_t keys, std::int64_t head_size, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>((queries + 3) / 4), static_cast<unsigned>(heads));
  if (grid.x == 0 || grid.y == 0) return;
  auto* const kernel = head_size == 64 ? &warp_attention<2> : &warp_attention<4>;
  kernel<<<grid, dim3(32, 4), 0, stream>>>(q, qs.head, qs.row, k, ks.head, ks.row, v, vs.head,
                                           vs.row, out, os.head, os.row, queries, keys);
}

}  // namespace kata
