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

// level 3
#include "level3.h"

namespace kata {

// A warp for each of 64 parts of a query's keys; the block that is through last merges them all.
// The blocks of a query are counted in scratch memory, which is cleared for that.
constexpr int kParts = 64;
constexpr int kBlocksOfQuery = kParts / 4;

__global__ void warp_decode(const float* q, const float* k, const float* v, float* out,
                            float* parts, int* through, std::int64_t group, std::int64_t keys) {
  __shared__ bool last;
  const std::int64_t query = blockIdx.x, head = query / group;
  const std::int64_t part = blockIdx.y * 4 + threadIdx.y;
  float own[4], sum[4], top = 0, total = 0;
  for (int i = 0; i < 4; ++i) {
    own[i] = q[query * 128 + i * 32 + threadIdx.x];
    sum[i] = 0;
  }
  for (std::int64_t j = part; j < keys; j += kParts) {
    const std::int64_t row = (head * keys + j) * 128;
    float dot = 0;
    for (int i = 0; i < 4; ++i) dot += own[i] * k[row + i * 32 + threadIdx.x];
    for (int d = 1; d < 32; d <<= 1) dot += __shfl_xor_sync(0xffffffff, dot, d);
    dot *= rsqrtf(128.0f);
    const float raised = j == part ? dot : fmaxf(top, dot);
    const float shrink = j == part ? 0 : expf(top - raised);
    const float weight = expf(dot - raised);
    top = raised;
    total = total * shrink + weight;
    for (int i = 0; i < 4; ++i) {
      sum[i] = sum[i] * shrink + weight * v[row + i * 32 + threadIdx.x];
    }
  }
  float* const mine = parts + (query * kParts + part) * 130;
  for (int i = 0; i < 4; ++i) mine[i * 32 + threadIdx.x] = sum[i];
  mine[128] = top;
  mine[129] = total;

  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0 && threadIdx.y == 0) {
    last = atomicAdd(&through[query], 1) == kBlocksOfQuery - 1;
  }
  __syncthreads();
  if (!last) return;
  __threadfence();
  const volatile float* const all = parts + query * kParts * 130;
  float largest = -INFINITY, whole = 0, result = 0;
  const int number = threadIdx.y * 32 + threadIdx.x;
  for (int p = 0; p < kParts && p < keys; ++p) largest = fmaxf(largest, all[p * 130 + 128]);
  for (int p = 0; p < kParts && p < keys; ++p) {
    const float weight = expf(all[p * 130 + 128] - largest);
    whole += weight * all[p * 130 + 129];
    result += weight * all[p * 130 + number];
  }
  out[query * 128 + number] = whole == 0 ? 0 : result / whole;
}

void decode_attention(const float* q, const float* k, const float* v, float* out, float* scratch,
                      std::int64_t heads, std::int64_t group, std::int64_t keys,
                      cudaStream_t stream) {
  const std::int64_t queries = heads * group;
  if (queries == 0) return;
  auto* const through = reinterpret_cast<int*>(scratch + queries * kParts * 130);
  cudaMemsetAsync(through, 0, queries * sizeof(int), stream);
  const dim3 grid(static_cast<unsigned>(queries), kBlocksOfQuery);
  warp_decode<<<grid, dim3(32, 4), 0, stream>>>(q, k, v, out, scratch, through, group, keys);
}

}  // namespace kata
