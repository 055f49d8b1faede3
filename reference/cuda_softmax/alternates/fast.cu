// The rung `fast` of the softmax kernel on a card. Memory sets the pace, so: every entry is loaded
// once where a row fits into the registers of its threads; a wider row is cut into parts, so that a
// few rows fill the card, and read a second time from L2 while it is still there; loads and stores
// are four floats wide, four of them in flight, and stores do not push out what is read again.
#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

// level 2
#include "level2.h"

namespace kata {
namespace {

constexpr int kWarp = 32;
constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr int kQuads = 4;          // of a thread
constexpr int kEach = 4 * kQuads;  // floats of a thread
constexpr int kPart = kThreads * kEach;
constexpr int kNarrow = kWarp * kEach;  // columns that a warp can hold
constexpr unsigned kAllLanes = 0xffffffff;

/// The maximum of some entries, and the sum of exp(entry - maximum).
struct Partial {
  float peak;
  float sum;
};

__device__ Partial merged(Partial a, Partial b) {
  const float peak = fmaxf(a.peak, b.peak);
  if (peak == -INFINITY) return {-INFINITY, 0};
  return {peak, a.sum * expf(a.peak - peak) + b.sum * expf(b.peak - peak)};
}

__device__ Partial merged_over_warp(Partial mine) {
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    mine = merged(mine, {__shfl_xor_sync(kAllLanes, mine.peak, distance),
                         __shfl_xor_sync(kAllLanes, mine.sum, distance)});
  }
  return mine;
}

/// Of a block, once: the barrier does not protect a second use.
__device__ Partial merged_over_block(Partial mine) {
  __shared__ Partial of_warp[kWarps];
  const int lane = threadIdx.x % kWarp;
  mine = merged_over_warp(mine);
  if (lane == 0) of_warp[threadIdx.x / kWarp] = mine;
  __syncthreads();
  return merged_over_warp(lane < kWarps ? of_warp[lane] : Partial{-INFINITY, 0});
}

/// The entries of a stretch that one thread of a team holds: quads that lie a team's width apart,
/// or, where rows may begin anywhere, single floats that do. Beyond `left` entries it is -inf.
template <int kTeam, bool kAligned>
struct Held {
  float entry[kEach];

  __device__ static int column(int i, int thread) {
    return kAligned ? (i / 4 * kTeam + thread) * 4 + i % 4 : i * kTeam + thread;
  }

  __device__ void load(const float* in, std::int64_t left, int thread) {
#pragma unroll
    for (int i = 0; i < kEach; i += 4) {
      const int first = column(i, thread);
      if (kAligned && first + 4 <= left) {
        const float4 quad = *reinterpret_cast<const float4*>(in + first);
        entry[i] = quad.x, entry[i + 1] = quad.y, entry[i + 2] = quad.z, entry[i + 3] = quad.w;
        continue;
      }
#pragma unroll
      for (int j = i; j < i + 4; ++j) {
        const int c = column(j, thread);
        entry[j] = c < left ? in[c] : -INFINITY;
      }
    }
  }

  __device__ Partial partial() const {
    Partial mine = {entry[0], 0};
#pragma unroll
    for (int i = 1; i < kEach; ++i) mine.peak = fmaxf(mine.peak, entry[i]);
    if (mine.peak == -INFINITY) return mine;
#pragma unroll
    for (int i = 0; i < kEach; ++i) mine.sum += expf(entry[i] - mine.peak);
    return mine;
  }

  __device__ void store(float* out, std::int64_t left, int thread, Partial row) const {
    const bool masked = row.peak == -INFINITY;
    const float peak = masked ? 0 : row.peak;
    const float factor = masked ? 0 : 1 / row.sum;
#pragma unroll
    for (int i = 0; i < kEach; i += 4) {
      const int first = column(i, thread);
      if (kAligned && first + 4 <= left) {
        __stcs(reinterpret_cast<float4*>(out + first),
               make_float4(expf(entry[i] - peak) * factor, expf(entry[i + 1] - peak) * factor,
                           expf(entry[i + 2] - peak) * factor, expf(entry[i + 3] - peak) * factor));
        continue;
      }
#pragma unroll
      for (int j = i; j < i + 4; ++j) {
        const int c = column(j, thread);
        if (c < left) __stcs(out + c, expf(entry[j] - peak) * factor);
      }
    }
  }
};

struct Matrices {
  const float* x;
  std::int64_t x_stride;
  float* y;
  std::int64_t y_stride;
  std::int64_t rows;
  std::int64_t columns;
};

/// Rows that their team of threads can hold.
template <int kTeam, bool kAligned>
__global__ void held_kernel(Matrices m) {
  constexpr int kTeams = kThreads / kTeam;
  const int thread = threadIdx.x % kTeam;
  const std::int64_t row = blockIdx.x * std::int64_t{kTeams} + threadIdx.x / kTeam;
  if (row >= m.rows) return;  // a whole team, and a block of one team has a row
  Held<kTeam, kAligned> held;
  held.load(m.x + row * m.x_stride, m.columns, thread);
  const Partial mine = held.partial();
  const Partial whole = kTeam == kWarp ? merged_over_warp(mine) : merged_over_block(mine);
  held.store(m.y + row * m.y_stride, m.columns, thread, whole);
}

/// Block (r, p) looks at part p of row r.
template <bool kAligned>
__global__ void look_kernel(Matrices m, Partial* partials) {
  const std::int64_t row = blockIdx.x;
  const std::int64_t begin = blockIdx.y * std::int64_t{kPart};
  Held<kThreads, kAligned> held;
  held.load(m.x + row * m.x_stride + begin, m.columns - begin, threadIdx.x);
  const Partial part = merged_over_block(held.partial());
  if (threadIdx.x == 0) partials[row * gridDim.y + blockIdx.y] = part;
}

/// Every warp merges the row's parts for itself: they are few, and it needs no barrier.
template <bool kAligned>
__global__ void write_kernel(Matrices m, const Partial* partials) {
  const std::int64_t row = blockIdx.x;
  const std::int64_t begin = blockIdx.y * std::int64_t{kPart};
  Held<kThreads, kAligned> held;
  held.load(m.x + row * m.x_stride + begin, m.columns - begin, threadIdx.x);
  const Partial* const parts = partials + row * gridDim.y;
  Partial mine = {-INFINITY, 0};
  for (unsigned p = threadIdx.x % kWarp; p < gridDim.y; p += kWarp) mine = merged(mine, parts[p]);
  held.store(m.y + row * m.y_stride + begin, m.columns - begin, threadIdx.x,
             merged_over_warp(mine));
}

template <bool kAligned>
void launch(const Matrices& m, cudaStream_t stream) {
  if (m.columns <= kNarrow) {
    const auto blocks = static_cast<unsigned>((m.rows + kWarps - 1) / kWarps);
    held_kernel<kWarp, kAligned><<<blocks, kThreads, 0, stream>>>(m);
    return;
  }
  if (m.columns <= kPart) {
    const auto blocks = static_cast<unsigned>(m.rows);
    held_kernel<kThreads, kAligned><<<blocks, kThreads, 0, stream>>>(m);
    return;
  }
  const auto parts = static_cast<unsigned>((m.columns + kPart - 1) / kPart);
  Partial* partials = nullptr;
  const std::size_t bytes = static_cast<std::size_t>(m.rows) * parts * sizeof(Partial);
  if (cudaMallocAsync(&partials, bytes, stream) != cudaSuccess) return;
  const dim3 grid(static_cast<unsigned>(m.rows), parts);
  look_kernel<kAligned><<<grid, kThreads, 0, stream>>>(m, partials);
  write_kernel<kAligned><<<grid, kThreads, 0, stream>>>(m, partials);
  cudaFreeAsync(partials, stream);
}

bool rows_aligned(const float* matrix, std::int64_t stride) {
  return reinterpret_cast<std::uintptr_t>(matrix) % sizeof(float4) == 0 && stride % 4 == 0;
}

}  // namespace

void softmax_rows(const float* x, std::int64_t x_stride, float* y, std::int64_t y_stride,
                  std::int64_t rows, std::int64_t columns, cudaStream_t stream) {
  if (rows == 0) return;
  const Matrices m = {x, x_stride, y, y_stride, rows, columns};
  if (rows_aligned(x, x_stride) && rows_aligned(y, y_stride)) {
    launch<true>(m, stream);
  } else {
    launch<false>(m, stream);
  }
}

void softmax(const float* x, float* y, std::int64_t rows, std::int64_t columns,
             cudaStream_t stream) {
  softmax_rows(x, columns, y, columns, rows, columns, stream);
}

}  // namespace kata
