#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr int kWarp = 32;
constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr unsigned kAllLanes = 0xffffffff;
// Rows are handed out in turns, so that the grid need not grow with them.
constexpr std::int64_t kBlocksMax = 256;

struct Entry {
  float value;
  int column;  // negative: none
};

constexpr int kNone = -1;

/// The order of the result. Any two entries of a row differ in it, since their columns do: so a
/// reduction gives the same whichever way its tree is built.
__device__ bool comes_before(Entry a, Entry b) {
  if (a.column == kNone || b.column == kNone) return b.column == kNone;
  return a.value > b.value || (a.value == b.value && a.column < b.column);
}

__device__ Entry first_of(Entry a, Entry b) {
  return comes_before(a, b) ? a : b;
}

__device__ Entry first_of_warp(Entry mine) {
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    mine = first_of(mine, {__shfl_xor_sync(kAllLanes, mine.value, distance),
                           __shfl_xor_sync(kAllLanes, mine.column, distance)});
  }
  return mine;
}

/// Each thread gets the first of its block's entries.
__device__ Entry first_of_block(Entry mine) {
  __shared__ Entry of_warp[kWarps];
  const int lane = threadIdx.x % kWarp;
  mine = first_of_warp(mine);
  __syncthreads();  // whoever still reads the last rank's entries must be through
  if (lane == 0) of_warp[threadIdx.x / kWarp] = mine;
  __syncthreads();
  return first_of_warp(lane < kWarps ? of_warp[lane] : Entry{0, kNone});
}

/// A block for each row, a pass for each rank: the first of those that come after the last one
/// found. Nothing has to be marked as taken.
__global__ void top_k_kernel(const float* x, float* values, std::int32_t* indices,
                             std::int64_t rows, int columns, int k) {
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const float* in = x + row * columns;
    Entry found = {INFINITY, 0};  // comes before all
    for (int rank = 0; rank < k; ++rank) {
      Entry best = {0, kNone};
      for (int c = threadIdx.x; c < columns; c += kThreads) {
        const Entry entry = {in[c], c};
        if (comes_before(found, entry)) best = first_of(entry, best);
      }
      found = first_of_block(best);
      if (threadIdx.x == 0) {
        values[row * k + rank] = found.value;
        indices[row * k + rank] = found.column;
      }
    }
  }
}

unsigned blocks_for(std::int64_t rows) {
  return static_cast<unsigned>(rows < kBlocksMax ? rows : kBlocksMax);
}

}  // namespace

void top_k(const float* x, float* values, std::int32_t* indices, std::int64_t rows,
           std::int64_t columns, std::int64_t k, cudaStream_t stream) {
  if (rows == 0) return;  // an empty grid cannot be launched
  top_k_kernel<<<blocks_for(rows), kThreads, 0, stream>>>(
      x, values, indices, rows, static_cast<int>(columns), static_cast<int>(k));
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

constexpr int kMost = 256;  // entries of a result; one for each thread
constexpr int kDigits = 256;
constexpr int kDigitBits = 8;

using Key = unsigned long long;

/// The order of the result as that of integers: the larger key comes first. Positive floats are
/// ordered as their bits are, negative ones the other way round, and below them. The column
/// follows, inverted, so that keys differ and the lower column is the larger key.
__device__ Key key_of(float value, std::int64_t column) {
  const unsigned bits = __float_as_uint(value + 0.0f);  // −0 + 0 is 0
  const unsigned ordered = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  return (Key{ordered} << 32) | ~static_cast<unsigned>(column);
}

__device__ float value_of(Key key) {
  const auto ordered = static_cast<unsigned>(key >> 32);
  return __uint_as_float((ordered >> 31) != 0 ? ordered & 0x7fffffffu : ~ordered);
}

__device__ int column_of(Key key) {
  return static_cast<int>(~static_cast<unsigned>(key));
}

/// The k-th largest key, by radix selection: digit by digit from the highest, count how many keys
/// with the digits found so far have which next digit; the k-th has the one where the counts from
/// above reach k.
__device__ Key kth_key(const float* in, std::int64_t columns, int k) {
  __shared__ int counts[kDigits];
  __shared__ Key prefix;  // the digits found so far
  __shared__ int wanted;  // which one it is among the keys that begin so
  if (threadIdx.x == 0) prefix = 0, wanted = k;
  for (int shift = 64 - kDigitBits; shift >= 0; shift -= kDigitBits) {
    counts[threadIdx.x] = 0;
    __syncthreads();
    for (std::int64_t c = threadIdx.x; c < columns; c += kThreads) {
      const Key key = key_of(in[c], c) >> shift;
      if (key >> kDigitBits == prefix) atomicAdd(&counts[key % kDigits], 1);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      int digit = kDigits - 1;
      for (; counts[digit] < wanted; --digit) wanted -= counts[digit];
      prefix = (prefix << kDigitBits) | static_cast<Key>(digit);
    }
    __syncthreads();
  }
  return prefix;
}

/// The `count` keys that are not below `least`, in any order, and below them zeros: the smallest.
__device__ void collect(const float* in, std::int64_t columns, Key least, Key* chosen) {
  __shared__ int count;
  if (threadIdx.x == 0) count = 0;
  chosen[threadIdx.x] = 0;
  __syncthreads();
  for (std::int64_t c = threadIdx.x; c < columns; c += kThreads) {
    const Key key = key_of(in[c], c);
    if (key >= least) chosen[atomicAdd(&count, 1)] = key;
  }
  __syncthreads();
}

/// Sorts kMost keys, the largest first, one a thread: a bitonic network. Runs of `size` are made
/// alternately falling and rising, each out of two runs of half the size.
__device__ void sort(Key* keys) {
  const int mine = threadIdx.x;
  for (int size = 2; size <= kMost; size *= 2) {
    for (int distance = size / 2; distance > 0; distance /= 2) {
      const int other = mine ^ distance;
      const bool falling = (mine & size) == 0;
      const bool wrong = falling ? keys[mine] < keys[other] : keys[mine] > keys[other];
      if (mine < other && wrong) {
        const Key kept = keys[mine];
        keys[mine] = keys[other];
        keys[other] = kept;
      }
      __syncthreads();
    }
  }
}

/// A block for each row: nine passes over it, whatever k is. The barriers of kth_key keep the next
/// row from overwriting what slow threads still write out.
__global__ void select_kernel(const float* x, std::int64_t x_stride, float* values,
                              std::int32_t* indices, std::int64_t rows, std::int64_t columns,
                              int k) {
  static_assert(kMost == kThreads && kDigits == kThreads, "a thread for each");
  __shared__ Key chosen[kMost];
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const float* in = x + row * x_stride;
    const Key least = kth_key(in, columns, k);
    collect(in, columns, least, chosen);
    sort(chosen);
    if (threadIdx.x < k) {
      values[row * k + threadIdx.x] = value_of(chosen[threadIdx.x]);
      indices[row * k + threadIdx.x] = column_of(chosen[threadIdx.x]);
    }
  }
}

}  // namespace

void top_k_rows(const float* x, std::int64_t x_stride, float* values, std::int32_t* indices,
                std::int64_t rows, std::int64_t columns, std::int64_t k, cudaStream_t stream) {
  if (rows == 0) return;
  select_kernel<<<blocks_for(rows), kThreads, 0, stream>>>(x, x_stride, values, indices, rows,
                                                           columns, static_cast<int>(k));
}

}  // namespace kata
