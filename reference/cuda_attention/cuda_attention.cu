#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr int kSize = 64;     // of a head
constexpr int kQueries = 64;  // of a block: a thread for each
constexpr int kKeys = 32;     // of a tile

/// The softmax-weighted sum of the values seen so far. What it holds belongs to `peak`: when a
/// larger score comes, all of it is multiplied by exp(old − new), once.
template <int kWidth>
struct Running {
  float peak = -INFINITY;
  float total = 0;
  float sum[kWidth] = {};

  template <typename Value>
  __device__ void add(float score, Value value) {
    if (score > peak) {
      const float moved = expf(peak - score);  // at first exp(−∞): 0
      total *= moved;
      for (int d = 0; d < kWidth; ++d) sum[d] *= moved;
      peak = score;
    }
    const float weight = expf(score - peak);
    total += weight;
    for (int d = 0; d < kWidth; ++d) sum[d] += weight * value(d);
  }
};

/// A block takes kQueries queries of one head, a thread each, and goes through the keys that they
/// see. Each key and value is read from global memory once a block instead of once a query.
__global__ void causal_kernel(const float* q, const float* k, const float* v, float* out,
                              std::int64_t length) {
  __shared__ float keys[kKeys][kSize];
  __shared__ float values[kKeys][kSize];
  const std::int64_t head = blockIdx.y * length * kSize;
  const std::int64_t first = blockIdx.x * std::int64_t{kQueries};
  const std::int64_t query = first + threadIdx.x;
  // A thread without a query stays: it loads keys for others, and barriers need it.
  const bool real = query < length;

  float mine[kSize];
  for (int d = 0; d < kSize; ++d) mine[d] = real ? q[head + query * kSize + d] / 8 : 0;
  Running<kSize> seen;

  const std::int64_t end = first + kQueries < length ? first + kQueries : length;
  for (std::int64_t tile = 0; tile < end; tile += kKeys) {
    __syncthreads();  // whoever still reads the last tile must be through
    for (int i = threadIdx.x; i < kKeys * kSize; i += kQueries) {
      const std::int64_t row = tile + i / kSize;
      const std::int64_t at = head + row * kSize + i % kSize;
      keys[i / kSize][i % kSize] = row < length ? k[at] : 0;
      values[i / kSize][i % kSize] = row < length ? v[at] : 0;
    }
    __syncthreads();
    for (int j = 0; j < kKeys && tile + j <= query; ++j) {
      float score = 0;
      for (int d = 0; d < kSize; ++d) score += mine[d] * keys[j][d];
      seen.add(score, [&](int d) { return values[j][d]; });
    }
  }
  if (!real) return;
  // Each query sees its own key, so the total is at least 1.
  for (int d = 0; d < kSize; ++d) out[head + query * kSize + d] = seen.sum[d] / seen.total;
}

}  // namespace

void causal_attention(const float* q, const float* k, const float* v, float* out,
                      std::int64_t heads, std::int64_t length, cudaStream_t stream) {
  if (heads == 0 || length == 0) return;  // an empty grid cannot be launched
  const dim3 grid(static_cast<unsigned>((length + kQueries - 1) / kQueries),
                  static_cast<unsigned>(heads));
  causal_kernel<<<grid, kQueries, 0, stream>>>(q, k, v, out, length);
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

constexpr int kLanes = 4;  // threads of a query: each holds every fourth of its numbers
constexpr int kBlockQueries = 32;
constexpr int kThreads = kBlockQueries * kLanes;
constexpr unsigned kWholeWarp = 0xffffffff;

template <typename Number>
struct Operand {
  Number* data;
  Strides strides;

  __device__ Number* row(std::int64_t head, std::int64_t index) const {
    return data + head * strides.head + index * strides.row;
  }
};

struct Lengths {
  std::int64_t queries;
  std::int64_t keys;

  /// How many keys, from the first on, this query sees.
  __device__ std::int64_t seen_by(std::int64_t query) const {
    const std::int64_t last = query + keys - queries;
    return last < 0 ? 0 : last < keys ? last + 1 : keys;
  }
};

/// The sum over the lanes of a query, which lie side by side in a warp.
__device__ float sum_of_query(float value) {
  for (int distance = kLanes / 2; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(kWholeWarp, value, distance);
  }
  return value;
}

/// As level 1, with four threads a query: a quarter of the registers each, and 32 KB of shared
/// memory for the tiles of the larger head. Neighbouring lanes hold neighbouring numbers, so that
/// they read different banks of shared memory.
template <int kHead>
__global__ void strided_kernel(Operand<const float> q, Operand<const float> k,
                               Operand<const float> v, Operand<float> out, Lengths lengths) {
  constexpr int kMine = kHead / kLanes;
  __shared__ float keys[kKeys][kHead];
  __shared__ float values[kKeys][kHead];
  const std::int64_t head = blockIdx.y;
  const std::int64_t first = blockIdx.x * std::int64_t{kBlockQueries};
  const std::int64_t query = first + threadIdx.x / kLanes;
  const int lane = threadIdx.x % kLanes;
  const bool real = query < lengths.queries;
  const std::int64_t seen_keys = real ? lengths.seen_by(query) : 0;

  const float scale = 1 / sqrtf(static_cast<float>(kHead));
  float mine[kMine];
  for (int d = 0; d < kMine; ++d) {
    mine[d] = real ? q.row(head, query)[d * kLanes + lane] * scale : 0;
  }
  Running<kMine> seen;

  // The last query of the block sees the most.
  const std::int64_t last =
      first + kBlockQueries <= lengths.queries ? first + kBlockQueries - 1 : lengths.queries - 1;
  const std::int64_t end = lengths.seen_by(last);
  for (std::int64_t tile = 0; tile < end; tile += kKeys) {
    __syncthreads();
    for (int i = threadIdx.x; i < kKeys * kHead; i += kThreads) {
      const int row = i / kHead, column = i % kHead;
      const bool there = tile + row < lengths.keys;
      keys[row][column] = there ? k.row(head, tile + row)[column] : 0;
      values[row][column] = there ? v.row(head, tile + row)[column] : 0;
    }
    __syncthreads();
    for (int j = 0; j < kKeys; ++j) {
      // All lanes of the warp take part in the shuffle, whatever their query sees.
      float score = 0;
      for (int d = 0; d < kMine; ++d) score += mine[d] * keys[j][d * kLanes + lane];
      score = sum_of_query(score);
      if (tile + j >= seen_keys) continue;
      seen.add(score, [&](int d) { return values[j][d * kLanes + lane]; });
    }
  }
  if (!real) return;
  const float factor = seen.total > 0 ? 1 / seen.total : 0;  // 0: the query sees nothing
  for (int d = 0; d < kMine; ++d) out.row(head, query)[d * kLanes + lane] = seen.sum[d] * factor;
}

}  // namespace

void strided_attention(const float* q, Strides q_strides, const float* k, Strides k_strides,
                       const float* v, Strides v_strides, float* out, Strides out_strides,
                       std::int64_t heads, std::int64_t queries, std::int64_t keys,
                       std::int64_t head_size, cudaStream_t stream) {
  if (heads == 0 || queries == 0) return;
  const dim3 grid(static_cast<unsigned>((queries + kBlockQueries - 1) / kBlockQueries),
                  static_cast<unsigned>(heads));
  const Operand<const float> queries_in = {q, q_strides}, keys_in = {k, k_strides},
                             values_in = {v, v_strides};
  const auto kernel = head_size == 64 ? strided_kernel<64> : strided_kernel<128>;
  kernel<<<grid, kThreads, 0, stream>>>(queries_in, keys_in, values_in,
                                        Operand<float>{out, out_strides}, Lengths{queries, keys});
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {
namespace {

constexpr int kDecodeHead = 128;
constexpr int kGroupMax = 8;
constexpr int kNumbers = kDecodeHead / 32;  // of a head, for each lane of a warp
constexpr int kDecodeWarps = 4;
constexpr int kDecodeThreads = kDecodeWarps * 32;  // in the end one for each number of a head
constexpr std::int64_t kSplitKeysMin = 64;         // of a block: fewer are not worth one
constexpr std::int64_t kSplitsMax = 128;

/// What some of a query's keys come to. Parts are merged in any order.
struct Part {
  float sum[kDecodeHead];
  float peak;  // −∞ when there were no keys
  float total;
};

static_assert(kSplitsMax * sizeof(Part) <= kDecodeScratch * sizeof(float));

/// What parts come to together: their peak, total, and one number of their sum. Each belongs to its
/// own peak and is moved to the largest first.
struct Merged {
  float peak = -INFINITY;
  float total = 0;
  float sum = 0;

  __device__ Merged(const Part* parts, int count, int stride, int number) {
    for (int i = 0; i < count; ++i) peak = fmaxf(peak, parts[i * stride].peak);
    for (int i = 0; i < count; ++i) {
      const Part& part = parts[i * stride];
      const float moved = expf(part.peak - peak);
      total += moved * part.total;
      sum += moved * part.sum[number];
    }
  }
};

/// A block takes some keys of a head, its warps a key each at a time, and every key serves the
/// whole group of queries while it is in registers. parts: (heads, group, splits).
__global__ void split_kernel(const float* q, const float* k, const float* v, Part* parts, int group,
                             std::int64_t keys, std::int64_t keys_of_split) {
  __shared__ Part of_warps[kDecodeWarps][kGroupMax];
  const std::int64_t head = blockIdx.y;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;

  const float scale = 1 / sqrtf(static_cast<float>(kDecodeHead));
  float mine[kGroupMax][kNumbers];
  Running<kNumbers> seen[kGroupMax];
  for (int g = 0; g < group; ++g) {
    const float* const query = q + (head * group + g) * kDecodeHead;
    for (int i = 0; i < kNumbers; ++i) mine[g][i] = query[i * 32 + lane] * scale;
  }

  const std::int64_t begin = blockIdx.x * keys_of_split;
  const std::int64_t end = begin + keys_of_split < keys ? begin + keys_of_split : keys;
  for (std::int64_t j = begin + warp; j < end; j += kDecodeWarps) {
    float key[kNumbers], value[kNumbers];
    for (int i = 0; i < kNumbers; ++i) {
      const std::int64_t at = (head * keys + j) * kDecodeHead + i * 32 + lane;
      key[i] = k[at];
      value[i] = v[at];
    }
    for (int g = 0; g < group; ++g) {
      float score = 0;
      for (int i = 0; i < kNumbers; ++i) score += mine[g][i] * key[i];
      for (int distance = 16; distance > 0; distance /= 2) {
        score += __shfl_xor_sync(kWholeWarp, score, distance);
      }
      seen[g].add(score, [&](int i) { return value[i]; });
    }
  }

  for (int g = 0; g < group; ++g) {
    Part& part = of_warps[warp][g];
    for (int i = 0; i < kNumbers; ++i) part.sum[i * 32 + lane] = seen[g].sum[i];
    part.peak = seen[g].peak;  // the same in all lanes
    part.total = seen[g].total;
  }
  __syncthreads();  // each thread reads what all warps have written
  for (int g = 0; g < group; ++g) {
    // The first warp has a key, so the peak is finite and a warp without one weighs nothing.
    const Merged all(&of_warps[0][g], kDecodeWarps, kGroupMax, threadIdx.x);
    Part& part = parts[(head * group + g) * gridDim.x + blockIdx.x];
    part.sum[threadIdx.x] = all.sum;
    part.peak = all.peak;
    part.total = all.total;
  }
}

/// A block for each query, a thread for each number of its result.
__global__ void merge_kernel(const Part* parts, float* out, int splits) {
  const std::int64_t query = blockIdx.x;
  const Merged all(parts + query * splits, splits, 1, threadIdx.x);
  out[query * kDecodeHead + threadIdx.x] = all.total > 0 ? all.sum / all.total : 0;  // 0: no keys
}

}  // namespace

void decode_attention(const float* q, const float* k, const float* v, float* out, float* scratch,
                      std::int64_t heads, std::int64_t group, std::int64_t keys,
                      cudaStream_t stream) {
  if (heads == 0) return;
  const std::int64_t share = (keys + kSplitsMax - 1) / kSplitsMax;
  const std::int64_t keys_of_split = share > kSplitKeysMin ? share : kSplitKeysMin;
  const std::int64_t splits = (keys + keys_of_split - 1) / keys_of_split;
  auto* const parts = reinterpret_cast<Part*>(scratch);
  if (splits > 0) {
    const dim3 grid(static_cast<unsigned>(splits), static_cast<unsigned>(heads));
    split_kernel<<<grid, kDecodeThreads, 0, stream>>>(q, k, v, parts, static_cast<int>(group), keys,
                                                      keys_of_split);
  }
  // On the same stream it begins when all parts are there.
  merge_kernel<<<static_cast<unsigned>(heads * group), kDecodeThreads, 0, stream>>>(
      parts, out, static_cast<int>(splits));
}

}  // namespace kata
