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

/// Over the lanes that have the same queries, side by side in half a warp.
template <typename Operation>
__device__ float over_keys(float value) {
#pragma unroll
  for (int distance = kSide / 2; distance > 0; distance /= 2) {
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
      const float now = fmaxf(peak[i], over_keys<Max>(largest));
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
      const float whole = over_keys<Sum>(total[i]);
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
