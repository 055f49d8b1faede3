#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr int kTeam = 128;  // threads of a level 1 block
constexpr int kTeamWarps = kTeam / 32;
constexpr unsigned kFull = 0xffffffffu;

// Sum with the rounding errors carried along (Kahan): rows may be long.
struct Careful {
  float total = 0.0f;
  float lost = 0.0f;
  __device__ void add(float v) {
    const float w = v - lost;
    const float t = total + w;
    lost = (t - total) - w;
    total = t;
  }
};

// Every warp leaves its result in slots[warp]; after the barrier all threads fold the slots
// themselves. Two different slot arrays are used alternately (max, sum, max, ...), so the barrier
// of one reduction also protects the slots of the other: one barrier per reduction is enough.
__device__ float team_max(float v, float* slots) {
  for (int d = 16; d >= 1; d >>= 1) v = fmaxf(v, __shfl_down_sync(kFull, v, d));
  if ((threadIdx.x & 31) == 0) slots[threadIdx.x >> 5] = v;
  __syncthreads();
  float all = slots[0];
  for (int w = 1; w < kTeamWarps; ++w) all = fmaxf(all, slots[w]);
  return all;
}

__device__ float team_sum(float v, float* slots) {
  for (int d = 16; d >= 1; d >>= 1) v += __shfl_down_sync(kFull, v, d);
  if ((threadIdx.x & 31) == 0) slots[threadIdx.x >> 5] = v;
  __syncthreads();
  float all = slots[0];
  for (int w = 1; w < kTeamWarps; ++w) all += slots[w];
  return all;
}

__global__ void softmax_contiguous(const float* x, float* y, std::int64_t rows,
                                   std::int64_t columns) {
  __shared__ float max_slots[kTeamWarps];
  __shared__ float sum_slots[kTeamWarps];
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    const float* src = x + r * columns;
    float* dst = y + r * columns;
    float m = -INFINITY;
    for (std::int64_t c = threadIdx.x; c < columns; c += kTeam) m = fmaxf(m, __ldg(src + c));
    m = team_max(m, max_slots);
    Careful s;
    for (std::int64_t c = threadIdx.x; c < columns; c += kTeam) s.add(expf(__ldg(src + c) - m));
    const float whole = team_sum(s.total, sum_slots);
    for (std::int64_t c = threadIdx.x; c < columns; c += kTeam) {
      dst[c] = expf(__ldg(src + c) - m) / whole;
    }
  }
}

unsigned limited(std::int64_t blocks) {
  constexpr std::int64_t kLimit = 2048;
  return static_cast<unsigned>(blocks > kLimit ? kLimit : blocks);
}

}  // namespace

void softmax(const float* x, float* y, std::int64_t rows, std::int64_t columns,
             cudaStream_t stream) {
  if (rows <= 0) return;
  softmax_contiguous<<<limited(rows), kTeam, 0, stream>>>(x, y, rows, columns);
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

constexpr int kBatch = 16;     // entries a thread holds at once
constexpr int kBigTeam = 512;  // threads for a wide row
constexpr int kBigWarps = kBigTeam / 32;
constexpr int kSmallWarps = 4;  // narrow rows a block works on at once
constexpr std::int64_t kWarpRow = 1024;

struct Stat {
  float top;   // largest entry, -inf for none
  float mass;  // sum of exp(entry - top), 0 for none
};

__device__ Stat join(Stat a, Stat b) {
  const float top = fmaxf(a.top, b.top);
  if (top == -INFINITY) return Stat{-INFINITY, 0.0f};
  return Stat{top, a.mass * expf(a.top - top) + b.mass * expf(b.top - top)};
}

// Thread `who` of `team` reads its part of the row, kBatch entries at a time: the maximum of the
// batch first, so there is one rescaling per batch; and short sums of short sums, which keeps the
// rounding error of a row of a million small.
__device__ Stat look(const float* src, std::int64_t columns, int who, int team) {
  Stat s{-INFINITY, 0.0f};
  for (std::int64_t base = who; base < columns; base += std::int64_t{kBatch} * team) {
    float e[kBatch];
    float top = s.top;
    for (int j = 0; j < kBatch; ++j) {
      const std::int64_t c = base + std::int64_t{j} * team;
      e[j] = c < columns ? src[c] : -INFINITY;
      top = fmaxf(top, e[j]);
    }
    if (top == -INFINITY) continue;
    float part = 0.0f;
    for (int j = 0; j < kBatch; ++j) part += expf(e[j] - top);
    s.mass = s.mass * expf(s.top - top) + part;
    s.top = top;
  }
  return s;
}

__device__ Stat join_warp(Stat s) {
  for (int d = 1; d < 32; d <<= 1) {
    const float top = __shfl_xor_sync(kFull, s.top, d);
    const float mass = __shfl_xor_sync(kFull, s.mass, d);
    s = join(s, Stat{top, mass});
  }
  return s;
}

// x and y may be the same row: each entry is read by the thread that then overwrites it, and all
// statistics are complete before.
__device__ void emit(const float* src, float* dst, std::int64_t columns, int who, int team,
                     Stat s) {
  if (s.top == -INFINITY) {
    for (std::int64_t c = who; c < columns; c += team) dst[c] = 0.0f;
    return;
  }
  for (std::int64_t c = who; c < columns; c += team) dst[c] = expf(src[c] - s.top) / s.mass;
}

__global__ void softmax_warp_rows(const float* x, std::int64_t x_stride, float* y,
                                  std::int64_t y_stride, std::int64_t rows, std::int64_t columns) {
  const int lane = static_cast<int>(threadIdx.x & 31);
  const std::int64_t step = std::int64_t{kSmallWarps} * gridDim.x;
  std::int64_t r = std::int64_t{kSmallWarps} * blockIdx.x + (threadIdx.x >> 5);
  for (; r < rows; r += step) {
    const Stat s = join_warp(look(x + r * x_stride, columns, lane, 32));
    emit(x + r * x_stride, y + r * y_stride, columns, lane, 32, s);
  }
}

__global__ void softmax_block_rows(const float* x, std::int64_t x_stride, float* y,
                                   std::int64_t y_stride, std::int64_t rows, std::int64_t columns) {
  __shared__ float tops[kBigWarps];
  __shared__ float masses[kBigWarps];
  const int me = static_cast<int>(threadIdx.x);
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    const float* src = x + r * x_stride;
    Stat s = join_warp(look(src, columns, me, kBigTeam));
    if ((me & 31) == 0) {
      tops[me >> 5] = s.top;
      masses[me >> 5] = s.mass;
    }
    __syncthreads();
    s = Stat{tops[0], masses[0]};
    for (int w = 1; w < kBigWarps; ++w) s = join(s, Stat{tops[w], masses[w]});
    __syncthreads();  // the slots are free for the next row
    emit(src, y + r * y_stride, columns, me, kBigTeam, s);
  }
}

}  // namespace

void softmax_rows(const float* x, std::int64_t x_stride, float* y, std::int64_t y_stride,
                  std::int64_t rows, std::int64_t columns, cudaStream_t stream) {
  if (rows <= 0) return;
  if (columns <= kWarpRow) {
    const std::int64_t blocks = (rows + kSmallWarps - 1) / kSmallWarps;
    softmax_warp_rows<<<limited(blocks), 32 * kSmallWarps, 0, stream>>>(x, x_stride, y, y_stride,
                                                                        rows, columns);
  } else {
    softmax_block_rows<<<limited(rows), kBigTeam, 0, stream>>>(x, x_stride, y, y_stride, rows,
                                                               columns);
  }
}

}  // namespace kata
