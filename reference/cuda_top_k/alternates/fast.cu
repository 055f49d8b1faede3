// A rung `fast` for the largest entries of long rows on a card. One pass over memory: a row is cut
// into parts, a block for each, and a part is short enough to be looked at again in L1. Of the
// maxima that its threads find, the k-th largest is a bound that k entries reach for certain, and
// not many more: those that do are gathered, and each counts how many of them come before it, which
// is its rank, so that nothing is sorted. A second launch does the same with the parts' results.
#include <cstdint>

// level 1
#include "level1.h"

// level 2
#include "level2.h"

namespace kata {
namespace {

constexpr int kThreads = 256;
constexpr int kPart = 8192;  // columns of a block
constexpr int kRoom = 2048;  // for entries that reach the bound

/// Larger keys come first: the entry's bits, so that they are ordered as floats are, then the
/// column, inverted. All are different; 0 is none of them.
using Key = unsigned long long;

__device__ Key key_of(float value, std::int64_t column) {
  const unsigned bits = __float_as_uint(value + 0.0f);  // of -0 those of 0
  const unsigned ordered = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  return (Key{ordered} << 32) | ~static_cast<unsigned>(column);
}

__device__ float value_of(Key key) {
  const auto ordered = static_cast<unsigned>(key >> 32);
  return __uint_as_float((ordered >> 31) != 0 ? ordered & 0x7fffffffu : ~ordered);
}

__device__ std::int32_t column_of(Key key) {
  return static_cast<std::int32_t>(~static_cast<unsigned>(key));
}

/// Of a part: entries of x from `begin` on.
struct Entries {
  const float* row;
  std::int64_t begin;
  int count;

  __device__ Key key(int i) const { return key_of(row[begin + i], begin + i); }
};

/// Of a row: what its parts have found.
struct Found {
  const Key* keys;
  int count;

  __device__ Key key(int i) const { return keys[i]; }
};

/// Where a part's result goes, to be merged.
struct KeysOut {
  Key* keys;

  __device__ void write(int rank, Key key) const { keys[rank] = key; }
};

struct RowOut {
  float* values;
  std::int32_t* indices;

  __device__ void write(int rank, Key key) const {
    values[rank] = value_of(key);
    indices[rank] = column_of(key);
  }
};

/// The largest of `keys` below `limit` that this thread looks at; 0: there is none.
template <typename Keys>
__device__ Key largest_below(const Keys& keys, Key limit) {
  Key largest = 0;
#pragma unroll 8
  for (int i = threadIdx.x; i < keys.count; i += kThreads) {
    const Key key = keys.key(i);
    if (key > largest && key < limit) largest = key;
  }
  return largest;
}

/// How many of `count` keys come before `key`.
__device__ int rank_of(Key key, const Key* keys, int count) {
  int rank = 0;
#pragma unroll 4
  for (int i = 0; i < count; ++i) rank += keys[i] > key ? 1 : 0;
  return rank;
}

/// One rank after the other. Only for parts whose large entries nearly all belong to a few threads,
/// so that too many reach the bound.
template <typename Keys, typename Out>
__device__ void select_slowly(const Keys& keys, int k, Key* room, const Out& out) {
  Key found = ~Key{0};
  for (int rank = 0; rank < k; ++rank) {
    __syncthreads();
    room[threadIdx.x] = largest_below(keys, found);
    __syncthreads();
    found = room[0];
    for (int i = 1; i < kThreads; ++i) found = room[i] > found ? room[i] : found;
    if (threadIdx.x == 0) out.write(rank, found);
  }
}

/// The k largest keys in order, and 0 for each that is not there.
template <typename Keys, typename Out>
__device__ void select(const Keys& keys, int k, const Out& out) {
  __shared__ Key room[kRoom];
  __shared__ Key bound;
  __shared__ int count;
  const Key mine = largest_below(keys, ~Key{0});
  room[threadIdx.x] = mine;
  if (threadIdx.x == 0) bound = 0, count = 0;
  __syncthreads();
  if (mine != 0 && rank_of(mine, room, kThreads) == k - 1) bound = mine;
  __syncthreads();
  if (mine >= bound) {  // else none of this thread's does
    for (int i = threadIdx.x; i < keys.count; i += kThreads) {
      const Key key = keys.key(i);
      if (key == 0 || key < bound) continue;
      const int place = atomicAdd(&count, 1);
      if (place < kRoom) room[place] = key;
    }
  }
  __syncthreads();
  if (count > kRoom) return select_slowly(keys, k, room, out);
  for (int i = threadIdx.x; i < count; i += kThreads) {
    const int rank = rank_of(room[i], room, count);
    if (rank < k) out.write(rank, room[i]);
  }
  for (int rank = count + static_cast<int>(threadIdx.x); rank < k; rank += kThreads) {
    out.write(rank, 0);
  }
}

struct Rows {
  const float* x;
  std::int64_t stride;
  std::int64_t columns;
  int k;

  __device__ Entries part(std::int64_t row, std::int64_t index) const {
    const std::int64_t begin = index * kPart;
    const std::int64_t left = columns - begin;
    return {x + row * stride, begin, static_cast<int>(left < kPart ? left : kPart)};
  }
};

/// Rows of a single part.
__global__ void row_kernel(Rows rows, float* values, std::int32_t* indices) {
  const std::int64_t row = blockIdx.x;
  select(rows.part(row, 0), rows.k, RowOut{values + row * rows.k, indices + row * rows.k});
}

/// Block (r, p) finds the k largest of part p of row r.
__global__ void part_kernel(Rows rows, Key* found) {
  const std::int64_t row = blockIdx.x;
  Key* const out = found + (row * gridDim.y + blockIdx.y) * rows.k;
  select(rows.part(row, blockIdx.y), rows.k, KeysOut{out});
}

__global__ void merge_kernel(const Key* found, int parts, int k, float* values,
                             std::int32_t* indices) {
  const std::int64_t row = blockIdx.x;
  select(Found{found + row * parts * k, parts * k}, k, RowOut{values + row * k, indices + row * k});
}

}  // namespace

void top_k_rows(const float* x, std::int64_t x_stride, float* values, std::int32_t* indices,
                std::int64_t rows, std::int64_t columns, std::int64_t k, cudaStream_t stream) {
  if (rows == 0) return;
  const Rows given = {x, x_stride, columns, static_cast<int>(k)};
  const auto count = static_cast<unsigned>(rows);
  const auto parts = static_cast<unsigned>((columns + kPart - 1) / kPart);
  if (parts == 1) {
    row_kernel<<<count, kThreads, 0, stream>>>(given, values, indices);
    return;
  }
  Key* found = nullptr;
  const std::size_t bytes = static_cast<std::size_t>(rows * parts * k) * sizeof(Key);
  if (cudaMallocAsync(&found, bytes, stream) != cudaSuccess) return;
  part_kernel<<<dim3(count, parts), kThreads, 0, stream>>>(given, found);
  merge_kernel<<<count, kThreads, 0, stream>>>(found, static_cast<int>(parts), given.k, values,
                                               indices);
  cudaFreeAsync(found, stream);
}

void top_k(const float* x, float* values, std::int32_t* indices, std::int64_t rows,
           std::int64_t columns, std::int64_t k, cudaStream_t stream) {
  top_k_rows(x, columns, values, indices, rows, columns, k, stream);
}

}  // namespace kata
