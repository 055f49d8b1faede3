// The rung `fast` of causal attention on a card, in float32 on the cores that multiply and add.
// Their pace is the limit if shared memory can feed them, so each thread keeps a small matrix in
// registers: of 8 queries and 4 keys it needs 12 numbers for 32 products. A block takes 128 queries
// of one head, and goes through the keys in tiles of 64:
//
//   scores = q k              (128 x 64), 8 x 4 a thread
//   weights = exp2(scores - largest), to shared memory; what was summed so far is moved along
//   sums += weights v         (128 x head), 8 x head / 16 a thread
//
// Queries, keys and weights lie transposed, so that the numbers that a thread needs at one step are
// next to each other and come four at a time. Only tiles that the diagonal crosses are masked.
// Larger heads have smaller tiles: a block may have 99 KB on most cards.
//
// Decode is bound by memory: see level 3.
#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

// level 2
#include "level2.h"

namespace kata {
namespace {

constexpr int kSide = 16;  // threads along each side of the scores
constexpr int kThreads = kSide * kSide;
constexpr int kPad = 4;  // floats: neighbours of a column fall into different banks
constexpr unsigned kAllLanes = 0xffffffff;
constexpr float kLog2E = 1.44269504f;

template <typename Number>
struct Operand {
  Number* data;
  Strides strides;

  __device__ Number* row(std::int64_t head, std::int64_t index) const {
    return data + head * strides.head + index * strides.row;
  }
};

struct Problem {
  Operand<const float> q, k, v;
  Operand<float> out;
  std::int64_t queries, keys;

  /// How many keys, from the first on, this query sees.
  __device__ std::int64_t seen_by(std::int64_t query) const {
    const std::int64_t seen = query + keys - queries + 1;
    return seen < 0 ? 0 : seen < keys ? seen : keys;
  }
};

/// Neighbours in shared memory, four or two at a time.
template <int kCount>
__device__ void read(const float* from, float (&numbers)[kCount]) {
  if constexpr (kCount == 2) {
    const float2 two = *reinterpret_cast<const float2*>(from);
    numbers[0] = two.x, numbers[1] = two.y;
  } else {
#pragma unroll
    for (int i = 0; i < kCount; i += 4) {
      const float4 four = *reinterpret_cast<const float4*>(from + i);
      numbers[i] = four.x, numbers[i + 1] = four.y;
      numbers[i + 2] = four.z, numbers[i + 3] = four.w;
    }
  }
}

/// sums[i][j] += a[i] b[j]
template <int kA, int kB>
__device__ void add_products(const float (&a)[kA], const float (&b)[kB], float (&sums)[kA][kB]) {
#pragma unroll
  for (int i = 0; i < kA; ++i) {
#pragma unroll
    for (int j = 0; j < kB; ++j) sums[i][j] += a[i] * b[j];
  }
}

struct Sum {
  __device__ static float of(float a, float b) { return a + b; }
};

struct Max {
  __device__ static float of(float a, float b) { return fmaxf(a, b); }
};

/// Over kLanes neighbours in a warp.
template <typename Operation, int kLanes>
__device__ float over_lanes(float value) {
#pragma unroll
  for (int distance = kLanes / 2; distance > 0; distance /= 2) {
    value = Operation::of(value, __shfl_xor_sync(kAllLanes, value, distance));
  }
  return value;
}

template <int kHead, int kQueries, int kKeys>
struct Tiles {
  float q[kHead][kQueries + kPad];
  float k[kHead][kKeys + kPad];
  float v[kKeys][kHead];
  float weights[kKeys][kQueries + kPad];
};

/// One thread's part of a block's work.
template <int kHead, int kQueries, int kKeys>
struct Worker {
  static constexpr int kRows = kQueries / kSide;  // queries of a thread, side by side
  static constexpr int kColumns = kKeys / kSide;  // keys of a tile
  static constexpr int kOutputs = kHead / kSide;  // numbers of a result

  const Problem& problem;
  Tiles<kHead, kQueries, kKeys>& tiles;
  std::int64_t head, first;  // the block's
  int my_row, side;
  float scores[kRows][kColumns];
  float sums[kRows][kOutputs];
  float peak[kRows], total[kRows];  // total: of this thread's keys

  /// `count` rows from `begin` on, zeros after the operand's end, column by column.
  template <int kCount>
  __device__ void load_transposed(const Operand<const float>& operand, std::int64_t begin,
                                  std::int64_t end, float factor,
                                  float (&tile)[kHead][kCount + kPad]) {
    for (int i = threadIdx.x; i < kCount * kHead; i += kThreads) {
      const int row = i / kHead, d = i % kHead;
      tile[d][row] = begin + row < end ? operand.row(head, begin + row)[d] * factor : 0;
    }
  }

  __device__ void start() {
    const float scale = 1 / sqrtf(static_cast<float>(kHead));
    load_transposed<kQueries>(problem.q, first, problem.queries, scale, tiles.q);
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      peak[i] = -INFINITY;
      total[i] = 0;
#pragma unroll
      for (int j = 0; j < kOutputs; ++j) sums[i][j] = 0;
    }
  }

  __device__ void load_tile(std::int64_t tile) {
    load_transposed<kKeys>(problem.k, tile, problem.keys, 1, tiles.k);
    for (int i = threadIdx.x; i < kKeys * kHead; i += kThreads) {
      const int row = i / kHead, d = i % kHead;
      tiles.v[row][d] = tile + row < problem.keys ? problem.v.row(head, tile + row)[d] : 0;
    }
  }

  __device__ void score() {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) scores[i][j] = 0;
    }
#pragma unroll 4
    for (int d = 0; d < kHead; ++d) {
      float queries[kRows], keys[kColumns];
      read(&tiles.q[d][my_row], queries);
      read(&tiles.k[d][side * kColumns], keys);
      add_products(queries, keys, scores);
    }
  }

  __device__ void mask(std::int64_t tile) {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      const std::int64_t seen = problem.seen_by(first + my_row + i);
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        if (tile + side * kColumns + j >= seen) scores[i][j] = -INFINITY;
      }
    }
  }

  /// Makes weights of scores, and moves what was summed so far to the new maxima.
  __device__ void weigh() {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      float largest = scores[i][0];
#pragma unroll
      for (int j = 1; j < kColumns; ++j) largest = fmaxf(largest, scores[i][j]);
      const float now = fmaxf(peak[i], over_lanes<Max, kSide>(largest));
      const float base = now == -INFINITY ? 0 : now;  // nothing was seen: all weights are 0
      // exp(x) is exp2(x log2 e); of the difference, since products of a thousand have no digits
      // to spare.
      const float moved = exp2f((peak[i] - base) * kLog2E);
      peak[i] = now;
      total[i] *= moved;
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        scores[i][j] = exp2f((scores[i][j] - base) * kLog2E);
        total[i] += scores[i][j];
      }
#pragma unroll
      for (int j = 0; j < kOutputs; ++j) sums[i][j] *= moved;
    }
  }

  /// Through shared memory, since a thread has weights of 4 keys and needs those of all. No thread
  /// reads what another warp has written.
  __device__ void add_values() {
#pragma unroll
    for (int j = 0; j < kColumns; ++j) {
      float* const column = &tiles.weights[side * kColumns + j][my_row];
#pragma unroll
      for (int i = 0; i < kRows; i += 4) {
        *reinterpret_cast<float4*>(column + i) =
            make_float4(scores[i][j], scores[i + 1][j], scores[i + 2][j], scores[i + 3][j]);
      }
    }
    __syncwarp();
#pragma unroll 4
    for (int key = 0; key < kKeys; ++key) {
      float weights[kRows], values[kOutputs];
      read(&tiles.weights[key][my_row], weights);
      read(&tiles.v[key][side * kOutputs], values);
      add_products(weights, values, sums);
    }
  }

  __device__ void write() {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      const float whole = over_lanes<Sum, kSide>(total[i]);
      const std::int64_t query = first + my_row + i;
      if (query >= problem.queries) continue;
      float* const out = problem.out.row(head, query) + side * kOutputs;
#pragma unroll
      for (int j = 0; j < kOutputs; ++j) out[j] = whole > 0 ? sums[i][j] / whole : 0;
    }
  }
};

template <int kHead, int kQueries, int kKeys>
__global__ void __launch_bounds__(kThreads, 2) attention_kernel(Problem problem) {
  extern __shared__ float4 memory[];
  auto& tiles = *reinterpret_cast<Tiles<kHead, kQueries, kKeys>*>(memory);
  // The last queries see the most keys: their blocks begin first.
  const std::int64_t first = (gridDim.x - 1 - blockIdx.x) * std::int64_t{kQueries};
  Worker<kHead, kQueries, kKeys> worker = {problem, tiles, blockIdx.y, first};
  worker.my_row = threadIdx.x / kSide * worker.kRows;
  worker.side = threadIdx.x % kSide;
  worker.start();
  const std::int64_t past = first + kQueries < problem.queries ? first + kQueries : problem.queries;
  const std::int64_t end = problem.seen_by(past - 1);
  const std::int64_t seen_by_all = problem.seen_by(first);
  for (std::int64_t tile = 0; tile < end; tile += kKeys) {
    __syncthreads();  // whoever still reads the last tile must be through
    worker.load_tile(tile);
    __syncthreads();
    worker.score();
    if (tile + kKeys > seen_by_all) worker.mask(tile);
    worker.weigh();
    worker.add_values();
  }
  worker.write();
}

template <int kHead, int kQueries, int kKeys>
void launch(const Problem& problem, std::int64_t heads, cudaStream_t stream) {
  constexpr int kBytes = sizeof(Tiles<kHead, kQueries, kKeys>);
  const auto kernel = attention_kernel<kHead, kQueries, kKeys>;
  const auto allowed =
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
  if (allowed != cudaSuccess) return;
  const dim3 grid(static_cast<unsigned>((problem.queries + kQueries - 1) / kQueries),
                  static_cast<unsigned>(heads));
  kernel<<<grid, kThreads, kBytes, stream>>>(problem);
}

}  // namespace

void strided_attention(const float* q, Strides q_strides, const float* k, Strides k_strides,
                       const float* v, Strides v_strides, float* out, Strides out_strides,
                       std::int64_t heads, std::int64_t queries, std::int64_t keys,
                       std::int64_t head_size, cudaStream_t stream) {
  if (heads == 0 || queries == 0) return;  // an empty grid cannot be launched
  const Problem problem = {{q, q_strides},     {k, k_strides}, {v, v_strides},
                           {out, out_strides}, queries,        keys};
  if (head_size == 64) {
    launch<64, 128, 64>(problem, heads, stream);
  } else {
    launch<128, 64, 32>(problem, heads, stream);
  }
}

void causal_attention(const float* q, const float* k, const float* v, float* out,
                      std::int64_t heads, std::int64_t length, cudaStream_t stream) {
  const Strides strides = {length * 64, 64};
  strided_attention(q, strides, k, strides, v, strides, out, strides, heads, length, length, 64,
                    stream);
}

}  // namespace kata

// level 3
//
// Each key and value is read once, for all queries of its head, and enough of them are on
// their way at any time: a warp asks for four rows of keys and of values at once, 4 KB, and 16
// warps of a multiprocessor for 64 KB. Four scores at a time also mean one step of the online
// softmax for four keys. The launch that merges gives each part's sum to a warp of its own, so that
// all of them are read at the same time.
#include "level3.h"

namespace kata {
namespace {

constexpr int kWarp = 32;
constexpr int kSize = 128;  // of a head: four numbers a lane
constexpr int kDecodeWarps = 4;
constexpr int kRowsAtOnce = 4;
constexpr int kMergeWarps = 16;
constexpr std::int64_t kSplitsMax = 128;
constexpr std::int64_t kSplitKeysMin = 64;

/// What a part of the keys comes to, but for the sum of its values.
struct Weight {
  float peak;
  float total;
};

struct Cache {
  const float4* q;
  const float4* k;
  const float4* v;
  float* sums;      // (heads, group, splits, kSize)
  Weight* weights;  // (heads, group, splits)
  int group;
  std::int64_t keys, keys_of_split;
};

/// exp(x), x <= 0. Of a difference, since products of a thousand have no digits to spare.
__device__ float exponential(float x) {
  return exp2f(x * kLog2E);
}

__device__ float dot(float4 a, float4 b) {
  return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
}

__device__ float4 scaled(float4 a, float factor) {
  return make_float4(a.x * factor, a.y * factor, a.z * factor, a.w * factor);
}

__device__ void add_scaled(float4& sum, float factor, float4 a) {
  sum.x += factor * a.x, sum.y += factor * a.y;
  sum.z += factor * a.z, sum.w += factor * a.w;
}

/// A warp's running result for one query; sum: of this lane's numbers.
struct Attended {
  float4 query;
  float4 sum = make_float4(0, 0, 0, 0);
  Weight weight = {-INFINITY, 0};

  /// `count` of the rows are keys, at least one; what follows is repeated to no effect.
  __device__ void add(const float4 (&keys)[kRowsAtOnce], const float4 (&values)[kRowsAtOnce],
                      std::int64_t count) {
    float scores[kRowsAtOnce];
    float peak = weight.peak;
#pragma unroll
    for (int r = 0; r < kRowsAtOnce; ++r) {
      const float score = over_lanes<Sum, kWarp>(dot(query, keys[r]));
      scores[r] = r < count ? score : -INFINITY;
      peak = fmaxf(peak, scores[r]);
    }
    const float moved = exponential(weight.peak - peak);
    weight = {peak, weight.total * moved};
    sum = scaled(sum, moved);
#pragma unroll
    for (int r = 0; r < kRowsAtOnce; ++r) {
      const float share = exponential(scores[r] - peak);
      weight.total += share;
      add_scaled(sum, share, values[r]);
    }
  }
};

/// kGroup: the group, or the next larger power of two, whose last queries are then nobody's.
template <int kGroup>
__global__ void __launch_bounds__(kDecodeWarps* kWarp) split_kernel(Cache cache) {
  __shared__ float4 sums[kDecodeWarps][kGroup][kWarp];
  __shared__ Weight weights[kDecodeWarps][kGroup];
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const std::int64_t head = blockIdx.y;
  const float scale = 1 / sqrtf(static_cast<float>(kSize));
  Attended attended[kGroup];
#pragma unroll
  for (int g = 0; g < kGroup; ++g) {
    const std::int64_t query = head * cache.group + (g < cache.group ? g : 0);
    attended[g].query = scaled(cache.q[query * kWarp + lane], scale);
  }

  const std::int64_t begin = blockIdx.x * cache.keys_of_split;
  const std::int64_t past = begin + cache.keys_of_split;
  const std::int64_t end = past < cache.keys ? past : cache.keys;
  for (std::int64_t j = begin + warp * kRowsAtOnce; j < end; j += kDecodeWarps * kRowsAtOnce) {
    float4 keys[kRowsAtOnce], values[kRowsAtOnce];
#pragma unroll
    for (int r = 0; r < kRowsAtOnce; ++r) {
      const std::int64_t row = head * cache.keys + (j + r < end ? j + r : end - 1);
      keys[r] = cache.k[row * kWarp + lane];
      values[r] = cache.v[row * kWarp + lane];
    }
#pragma unroll
    for (int g = 0; g < kGroup; ++g) attended[g].add(keys, values, end - j);
  }

#pragma unroll
  for (int g = 0; g < kGroup; ++g) {
    sums[warp][g][lane] = attended[g].sum;
    if (lane == 0) weights[warp][g] = attended[g].weight;
  }
  __syncthreads();
  for (int g = 0; g < cache.group; ++g) {
    // The first warp has a key, so the peak is finite.
    float peak = weights[0][g].peak, total = 0, sum = 0;
    for (int w = 1; w < kDecodeWarps; ++w) peak = fmaxf(peak, weights[w][g].peak);
    for (int w = 0; w < kDecodeWarps; ++w) {
      const float moved = exponential(weights[w][g].peak - peak);
      total += moved * weights[w][g].total;
      sum += moved * reinterpret_cast<const float*>(sums[w][g])[threadIdx.x];
    }
    const std::int64_t part = (head * cache.group + g) * gridDim.x + blockIdx.x;
    cache.sums[part * kSize + threadIdx.x] = sum;
    if (threadIdx.x == 0) cache.weights[part] = {peak, total};
  }
}

/// A block for each query.
__global__ void __launch_bounds__(kMergeWarps* kWarp)
    merge_kernel(const float4* sums, const Weight* weights, float4* out, int splits) {
  __shared__ float4 of_warps[kMergeWarps][kWarp];
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const std::int64_t first = blockIdx.x * std::int64_t{splits};
  float peak = -INFINITY, total = 0;
  for (int s = lane; s < splits; s += kWarp) peak = fmaxf(peak, weights[first + s].peak);
  peak = over_lanes<Max, kWarp>(peak);
  for (int s = lane; s < splits; s += kWarp) {
    total += weights[first + s].total * exponential(weights[first + s].peak - peak);
  }
  total = over_lanes<Sum, kWarp>(total);

  float4 sum = make_float4(0, 0, 0, 0);
#pragma unroll 8
  for (int s = warp; s < splits; s += kMergeWarps) {
    const float moved = exponential(weights[first + s].peak - peak);
    add_scaled(sum, moved, sums[(first + s) * kWarp + lane]);
  }
  of_warps[warp][lane] = sum;
  __syncthreads();
  if (warp > 0) return;
  for (int w = 1; w < kMergeWarps; ++w) add_scaled(sum, 1, of_warps[w][lane]);
  out[blockIdx.x * std::int64_t{kWarp} + lane] = scaled(sum, total > 0 ? 1 / total : 0);
}

}  // namespace

void decode_attention(const float* q, const float* k, const float* v, float* out, float* scratch,
                      std::int64_t heads, std::int64_t group, std::int64_t keys,
                      cudaStream_t stream) {
  if (heads == 0) return;
  const std::int64_t share = (keys + kSplitsMax - 1) / kSplitsMax;
  const std::int64_t keys_of_split = share > kSplitKeysMin ? share : kSplitKeysMin;
  const std::int64_t splits = (keys + keys_of_split - 1) / keys_of_split;
  const auto quads = [](const float* numbers) { return reinterpret_cast<const float4*>(numbers); };
  const Cache cache = {quads(q),
                       quads(k),
                       quads(v),
                       scratch,
                       reinterpret_cast<Weight*>(scratch + heads * group * splits * kSize),
                       static_cast<int>(group),
                       keys,
                       keys_of_split};
  if (splits > 0) {
    const auto kernel = group == 1   ? split_kernel<1>
                        : group == 2 ? split_kernel<2>
                        : group <= 4 ? split_kernel<4>
                                     : split_kernel<8>;
    const dim3 grid(static_cast<unsigned>(splits), static_cast<unsigned>(heads));
    kernel<<<grid, kDecodeWarps * kWarp, 0, stream>>>(cache);
  }
  merge_kernel<<<static_cast<unsigned>(heads * group), kMergeWarps * kWarp, 0, stream>>>(
      quads(scratch), cache.weights, reinterpret_cast<float4*>(out), static_cast<int>(splits));
}

}  // namespace kata
