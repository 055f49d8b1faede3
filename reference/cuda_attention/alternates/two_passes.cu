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

/// What some keys come to for one query: the sum is of one column, this thread's.
struct Attended {
  float largest = -INFINITY, total = 0, sum = 0;
};

/// The keys at `keys` from `first` to `past`, chunk by chunk; scores: kChunk floats of the block.
__device__ Attended attend(const float* query, const float* keys, std::int64_t key_row,
                           const float* values, std::int64_t value_row, std::int64_t first,
                           std::int64_t past, int size, float* scores) {
  Attended all;
  for (std::int64_t begin = first; begin < past; begin += kChunk) {
    const int count = static_cast<int>(past - begin < kChunk ? past - begin : kChunk);
    __syncthreads();
    for (int j = threadIdx.x; j < count; j += kBlock) {
      const float* const key = keys + (begin + j) * key_row;
      double dot = 0;
      for (int d = 0; d < size; ++d) dot += double{query[d]} * key[d];
      scores[j] = static_cast<float>(dot / sqrt(static_cast<double>(size)));
    }
    __syncthreads();
    float top = all.largest;
    for (int j = 0; j < count; ++j) top = fmaxf(top, scores[j]);
    const float kept = all.total == 0 ? 0 : expf(all.largest - top);
    all.total *= kept;
    all.sum *= kept;
    for (int j = 0; j < count; ++j) {
      const float weight = expf(scores[j] - top);
      all.total += weight;
      if (threadIdx.x < size) all.sum += weight * values[(begin + j) * value_row + threadIdx.x];
    }
    all.largest = top;
  }
  return all;
}

__global__ void query_of_a_block(View q, View k, View v, float* out, std::int64_t out_head,
                                 std::int64_t out_row, std::int64_t queries, std::int64_t keys,
                                 int size) {
  extern __shared__ float shared[];
  float* const query = shared + kChunk;
  const std::int64_t head = blockIdx.y, row = blockIdx.x;
  if (threadIdx.x < size) query[threadIdx.x] = q.data[head * q.head + row * q.row + threadIdx.x];
  std::int64_t visible = row + keys - queries + 1;
  if (visible > keys) visible = keys;
  const Attended all = attend(query, k.data + head * k.head, k.row, v.data + head * v.head, v.row,
                              0, visible, size, shared);
  if (threadIdx.x < size) {
    out[head * out_head + row * out_row + threadIdx.x] = all.total > 0 ? all.sum / all.total : 0;
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

/// As query_of_a_block, of a piece of the keys. Its mean of values goes to `means`, its maximum and
/// its total to `weights`.
__global__ void query_and_piece(const float* q, const float* k, const float* v, float* means,
                                float* weights, std::int64_t group, std::int64_t keys) {
  __shared__ float scores[kChunk];
  const std::int64_t head = blockIdx.y, piece = blockIdx.x % kPieces;
  const std::int64_t query = head * group + blockIdx.x / kPieces;
  const std::int64_t first = keys * piece / kPieces, past = keys * (piece + 1) / kPieces;
  const Attended all = attend(q + query * 128, k + head * keys * 128, 128, v + head * keys * 128,
                              128, first, past, 128, scores);
  const std::int64_t part = query * kPieces + piece;
  means[part * 128 + threadIdx.x] = all.total > 0 ? all.sum / all.total : 0;
  if (threadIdx.x == 0) {
    weights[2 * part] = all.largest;
    weights[2 * part + 1] = all.total;
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
