#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr unsigned kWholeWarp = 0xffffffffu;
constexpr int kRowMax = 8192;
constexpr int kCrew = 256;
constexpr int kCrewWarps = kCrew / 32;
constexpr int kNoColumn = 0x7fffffff;

// A candidate; one without a column is (-inf, kNoColumn), which loses against every finite entry.
struct Candidate {
  float value;
  int column;
};

__device__ Candidate winner(Candidate a, Candidate b) {
  if (b.value > a.value) return b;
  if (b.value == a.value && b.column < a.column) return b;
  return a;
}

// The best of what this thread owns: columns threadIdx.x, + kCrew, ... Entries taken are -inf.
__device__ Candidate best_of_mine(const float* row, int columns) {
  Candidate best{-INFINITY, kNoColumn};
  for (int c = static_cast<int>(threadIdx.x); c < columns; c += kCrew) {
    if (row[c] > best.value) best = Candidate{row[c], c};
  }
  return best;
}

// The row lies in shared memory (32 KB). Each thread knows the best of its own columns; after each
// rank only the owner of the winner has to look through its columns again.
__global__ void top_k_ranks(const float* x, float* values, std::int32_t* indices, std::int64_t rows,
                            int columns, int k) {
  __shared__ float row[kRowMax];
  __shared__ float slot_value[2][kCrewWarps];
  __shared__ int slot_column[2][kCrewWarps];
  const int me = static_cast<int>(threadIdx.x);
  int side = 0;
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    // A thread reads and writes its own columns only: no barrier for `row`.
    for (int c = me; c < columns; c += kCrew) row[c] = x[r * columns + c];
    Candidate mine = best_of_mine(row, columns);
    for (int rank = 0; rank < k; ++rank) {
      Candidate best = mine;
      for (int d = 16; d >= 1; d >>= 1) {
        const float value = __shfl_xor_sync(kWholeWarp, best.value, d);
        const int column = __shfl_xor_sync(kWholeWarp, best.column, d);
        best = winner(best, Candidate{value, column});
      }
      if ((me & 31) == 0) {
        slot_value[side][me >> 5] = best.value;
        slot_column[side][me >> 5] = best.column;
      }
      __syncthreads();
      best = Candidate{slot_value[side][0], slot_column[side][0]};
      for (int w = 1; w < kCrewWarps; ++w) {
        best = winner(best, Candidate{slot_value[side][w], slot_column[side][w]});
      }
      side ^= 1;  // the other slots next: nobody reads them any more since this barrier
      if (best.column % kCrew == me) {
        values[r * k + rank] = best.value;
        indices[r * k + rank] = best.column;
        row[best.column] = -INFINITY;
        mine = best_of_mine(row, columns);
      }
    }
  }
}

unsigned grid_of(std::int64_t rows) {
  return static_cast<unsigned>(rows < 1024 ? rows : 1024);
}

}  // namespace

void top_k(const float* x, float* values, std::int32_t* indices, std::int64_t rows,
           std::int64_t columns, std::int64_t k, cudaStream_t stream) {
  if (rows <= 0) return;
  top_k_ranks<<<grid_of(rows), kCrew, 0, stream>>>(x, values, indices, rows,
                                                   static_cast<int>(columns), static_cast<int>(k));
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

constexpr int kBuckets = 256;
constexpr int kKeep = 256;
constexpr int kGang = 512;
constexpr int kGangWarps = kGang / 32;
constexpr int kSlices = 8;  // columns of a lane in one tile of the search for equals
constexpr int kTile = kGang * kSlices;

// Unsigned numbers in the order of the floats; both zeros get the same.
__device__ unsigned rank_bits(float v) {
  if (v == 0.0f) return 0x80000000u;
  const unsigned b = __float_as_uint(v);
  return (b & 0x80000000u) != 0u ? ~b : (b | 0x80000000u);
}

__device__ int bits_set(unsigned n) {
  n = n - ((n >> 1) & 0x55555555u);
  n = (n & 0x33333333u) + ((n >> 2) & 0x33333333u);
  n = (n + (n >> 4)) & 0x0f0f0f0fu;
  return static_cast<int>((n * 0x01010101u) >> 24);
}

// Four passes find the k-th largest value, one collects what is larger, and one (which usually ends
// early) the lowest columns of those equal to it. Then each of the k counts who comes before it.
__global__ void top_k_select(const float* x, std::int64_t x_stride, float* values,
                             std::int32_t* indices, std::int64_t rows, int columns, int k) {
  __shared__ int histogram[kBuckets];
  __shared__ unsigned shared_prefix;
  __shared__ int shared_missing;
  __shared__ int filled;
  __shared__ int warp_equals[kGangWarps];
  __shared__ unsigned kept_bits[kKeep];
  __shared__ int kept_column[kKeep];

  const int me = static_cast<int>(threadIdx.x);
  const int lane = me & 31;
  const int warp = me >> 5;
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    const float* src = x + r * x_stride;

    unsigned prefix = 0;
    int missing = k;  // how many are still wanted of those that begin with the prefix
    for (int shift = 24; shift >= 0; shift -= 8) {
      if (me < kBuckets) histogram[me] = 0;
      if (me == 0) filled = 0;
      __syncthreads();
      for (int c = me; c < columns; c += kGang) {
        const unsigned bits = rank_bits(src[c]);
        const bool fits = shift == 24 || (bits >> (shift + 8)) == prefix;
        if (fits) atomicAdd(&histogram[(bits >> shift) & 255u], 1);
      }
      __syncthreads();
      if (me == 0) {
        int bucket = kBuckets - 1;
        int left = missing;
        while (bucket > 0 && histogram[bucket] < left) left -= histogram[bucket--];
        shared_prefix = (prefix << 8) | static_cast<unsigned>(bucket);
        shared_missing = left;
      }
      __syncthreads();
      prefix = shared_prefix;
      missing = shared_missing;
    }
    // Now prefix is the k-th largest value, and `missing` ≥ 1 entries equal to it are wanted.

    const int larger = k - missing;
    for (int c = me; c < columns; c += kGang) {
      const unsigned bits = rank_bits(src[c]);
      if (bits > prefix) {
        const int slot = atomicAdd(&filled, 1);
        kept_bits[slot] = bits;
        kept_column[slot] = c;
      }
    }

    int taken = 0;  // of the equal ones, the same number in all threads
    for (int tile = 0; tile < columns && taken < missing; tile += kTile) {
      unsigned votes[kSlices];
      int count = 0;
      const int begin = tile + warp * 32 * kSlices;
      for (int s = 0; s < kSlices; ++s) {
        const int c = begin + s * 32 + lane;
        const bool equal = c < columns && rank_bits(src[c]) == prefix;
        votes[s] = __ballot_sync(kWholeWarp, equal);
        count += bits_set(votes[s]);
      }
      if (lane == 0) warp_equals[warp] = count;
      __syncthreads();
      int before = taken;
      int all = taken;
      for (int w = 0; w < kGangWarps; ++w) {
        if (w < warp) before += warp_equals[w];
        all += warp_equals[w];
      }
      for (int s = 0; s < kSlices; ++s) {
        const int position = before + bits_set(votes[s] & ((1u << lane) - 1u));
        if (((votes[s] >> lane) & 1u) != 0u && position < missing) {
          kept_bits[larger + position] = prefix;
          kept_column[larger + position] = begin + s * 32 + lane;
        }
        before += bits_set(votes[s]);
      }
      taken = all;
      __syncthreads();  // warp_equals is free again; in the end: all k are there
    }

    if (me < k) {
      const unsigned bits = kept_bits[me];
      const int column = kept_column[me];
      int place = 0;
      for (int o = 0; o < k; ++o) {
        const unsigned other = kept_bits[o];
        if (other > bits || (other == bits && kept_column[o] < column)) ++place;
      }
      values[r * k + place] = src[column];
      indices[r * k + place] = column;
    }
    // The next row writes kept_* only after many barriers.
  }
}

}  // namespace

void top_k_rows(const float* x, std::int64_t x_stride, float* values, std::int32_t* indices,
                std::int64_t rows, std::int64_t columns, std::int64_t k, cudaStream_t stream) {
  if (rows <= 0) return;
  top_k_select<<<grid_of(rows), kGang, 0, stream>>>(x, x_stride, values, indices, rows,
                                                    static_cast<int>(columns), static_cast<int>(k));
}

}  // namespace kata
