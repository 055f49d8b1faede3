// A block for each query: its scores stay in dynamic shared memory, so the softmax takes two
// passes. Where they do not fit, the keys go through in chunks that are merged.
#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr int kChunk = 1024;  // keys
constexpr int kBlock = 128;

struct View {
  const float* data;
  std::int64_t head, row;
};

__global__ void query_of_a_block(View q, View k, View v, float* out, std::int64_t out_head,
                                 std::int64_t out_row, std::int64_t queries, std::int64_t keys,
                                 int size) {
  extern __shared__ float shared[];
  float* const scores = shared;
  float* const query = shared + kChunk;
  const std::int64_t head = blockIdx.y, row = blockIdx.x;
  if (threadIdx.x < size) query[threadIdx.x] = q.data[head * q.head + row * q.row + threadIdx.x];
  std::int64_t visible = row + keys - queries + 1;
  if (visible > keys) visible = keys;
  float largest = -INFINITY, total = 0, sum = 0;  // of all chunks; the sum is of one column
  for (std::int64_t begin = 0; begin < visible; begin += kChunk) {
    const int count = static_cast<int>(visible - begin < kChunk ? visible - begin : kChunk);
    __syncthreads();
    for (int j = threadIdx.x; j < count; j += kBlock) {
      const float* const key = k.data + head * k.head + (begin + j) * k.row;
      double dot = 0;
      for (int d = 0; d < size; ++d) dot += double{query[d]} * key[d];
      scores[j] = static_cast<float>(dot / sqrt(static_cast<double>(size)));
    }
    __syncthreads();
    float top = largest;
    for (int j = 0; j < count; ++j) top = fmaxf(top, scores[j]);
    const float kept = total == 0 ? 0 : expf(largest - top);
    total *= kept;
    sum *= kept;
    for (int j = 0; j < count; ++j) {
      const float weight = expf(scores[j] - top);
      total += weight;
      if (threadIdx.x < size) {
        sum += weight * v.data[head * v.head + (begin + j) * v.row + threadIdx.x];
      }
    }
    largest = top;
  }
  if (threadIdx.x < size) {
    out[head * out_head + row * out_row + threadIdx.x] = total > 0 ? sum / total : 0;
  }
}

}  // namespace

void causal_attention(const float* q, const float* k, const float* v, float* out,
                      std::int64_t heads, std::int64_t length, cudaStream_t stream) {
  if (heads * length == 0) return;
  const dim3 grid(static_cast<unsigned>(length), static_cast<unsigned>(heads));
  const std::int64_t head = length * 64;
  query_of_a_block<<<grid, kBlock, (kChunk + 64) * sizeof(float), stream>>>(
      View{q, head, 64}, View{k, head, 64}, View{v, head, 64}, out, head, 64, length, length, 64);
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

void strided_attention(const float* q, Strides q_strides, const float* k, Strides k_strides,
                       const float* v, Strides v_strides, float* out, Strides out_strides,
                       std::int64_t heads, std::int64_t queries, std::int64_t keys,
                       std::int64_t head_size, cudaStream_t stream) {
  if (heads * queries == 0) return;
  const dim3 grid(static_cast<unsigned>(queries), static_cast<unsigned>(heads));
  query_of_a_block<<<grid, kBlock, (kChunk + head_size) * sizeof(float), stream>>>(
      View{q, q_strides.head, q_strides.row}, View{k, k_strides.head, k_strides.row},
      View{v, v_strides.head, v_strides.row}, out, out_strides.head, out_strides.row, queries, keys,
      static_cast<int>(head_size));
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {
namespace {

constexpr int kPieces = 16;  // of a query's keys

/// As query_of_a_block, of a piece of the keys. Its mean of values goes to `means`, and the
/// logarithm of what it weighs to `weights`.
__global__ void query_and_piece(const float* q, const float* k, const float* v, float* means,
                                float* weights, std::int64_t group, std::int64_t keys) {
  __shared__ float scores[kChunk];
  const std::int64_t head = blockIdx.y, piece = blockIdx.x % kPieces;
  const std::int64_t query = head * group + blockIdx.x / kPieces;
  const std::int64_t first = keys * piece / kPieces, past = keys * (piece + 1) / kPieces;
  float largest = -INFINITY, total = 0, sum = 0;
  for (std::int64_t begin = first; begin < past; begin += kChunk) {
    const int count = static_cast<int>(past - begin < kChunk ? past - begin : kChunk);
    __syncthreads();
    for (int j = threadIdx.x; j < count; j += kBlock) {
      const float* const key = k + (head * keys + begin + j) * 128;
      double dot = 0;
      for (int d = 0; d < 128; ++d) dot += double{q[query * 128 + d]} * key[d];
      scores[j] = static_cast<float>(dot / sqrt(128.0));
    }
    __syncthreads();
    float top = largest;
    for (int j = 0; j < count; ++j) top = fmaxf(top, scores[j]);
    const float kept = total == 0 ? 0 : expf(largest - top);
    total *= kept;
    sum *= kept;
    for (int j = 0; j < count; ++j) {
      const float weight = expf(scores[j] - top);
      total += weight;
      sum += weight * v[(head * keys + begin + j) * 128 + threadIdx.x];
    }
    largest = top;
  }
  means[(query * kPieces + piece) * 128 + threadIdx.x] = total > 0 ? sum / total : 0;
  if (threadIdx.x == 0) {
    weights[2 * (query * kPieces + piece)] = largest;
    weights[2 * (query * kPieces + piece) + 1] = total;
  }
}

__global__ void mean_of_pieces(const float* means, const float* weights, float* out) {
  const std::int64_t query = blockIdx.x, first = query * kPieces;
  float top = -INFINITY;
  for (int p = 0; p < kPieces; ++p) top = fmaxf(top, weights[2 * (first + p)]);
  float total = 0, sum = 0;
  for (int p = 0; p < kPieces; ++p) {
    const float of_piece = weights[2 * (first + p) + 1];
    if (of_piece == 0) continue;
    const float weight = of_piece * expf(weights[2 * (first + p)] - top);
    total += weight;
    sum += weight * means[(first + p) * 128 + threadIdx.x];
  }
  out[query * 128 + threadIdx.x] = total > 0 ? sum / total : 0;
}

}  // namespace

void decode_attention(const float* q, const float* k, const float* v, float* out, float* scratch,
                      std::int64_t heads, std::int64_t group, std::int64_t keys,
                      cudaStream_t stream) {
  if (heads == 0) return;
  const auto queries = static_cast<unsigned>(heads * group);
  float* const weights = scratch + heads * group * kPieces * 128;
  const dim3 grid(static_cast<unsigned>(group * kPieces), static_cast<unsigned>(heads));
  query_and_piece<<<grid, kBlock, 0, stream>>>(q, k, v, scratch, weights, group, keys);
  mean_of_pieces<<<queries, kBlock, 0, stream>>>(scratch, weights, out);
}

}  // namespace kata
