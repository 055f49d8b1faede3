// The rung `fast` of the RMSNorm kernel on a card. Memory sets the pace, so each number is loaded
// once and stored once: a block holds up to 4,096 numbers of its row in registers, loaded four
// floats wide with four loads in flight, and only then asks for their sum. A wider row is gone
// through in stretches, forwards for the sum and backwards for the results, so that the last
// stretch is still held, and the ones before it are the likeliest to be in the cache.
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
constexpr int kEach = 16;  // floats of a thread
constexpr int kStretch = kThreads * kEach;
constexpr unsigned kAllLanes = 0xffffffff;

struct Row {
  float* residual;  // null: there is none, and x is what is normed
  const float* x;
  const float* weight;  // null: 1
  float* y;
  std::int64_t columns;
};

struct Matrices {
  Row first;
  std::int64_t residual_stride, x_stride, y_stride;
  float epsilon;

  __device__ Row row(std::int64_t index) const {
    float* const residual =
        first.residual == nullptr ? nullptr : first.residual + index * residual_stride;
    return {residual, first.x + index * x_stride, first.weight, first.y + index * y_stride,
            first.columns};
  }
};

__device__ float sum_of_warp(float value) {
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(kAllLanes, value, distance);
  }
  return value;
}

/// Of a block, once: the barrier does not protect a second use.
__device__ float sum_of_block(float value) {
  __shared__ float of_warp[kWarps];
  const int lane = threadIdx.x % kWarp;
  value = sum_of_warp(value);
  if (lane == 0) of_warp[threadIdx.x / kWarp] = value;
  __syncthreads();
  return sum_of_warp(lane < kWarps ? of_warp[lane] : 0);
}

template <bool kAligned>
__device__ int column(int i) {
  return kAligned ? (i / 4 * kThreads + threadIdx.x) * 4 + i % 4 : i * kThreads + threadIdx.x;
}

/// Four numbers of a thread: a quad where all rows are aligned, else floats a block's width apart.
/// Beyond `left` they are 0.
template <bool kAligned>
__device__ void load(const float* in, std::int64_t left, int i, float* held) {
  const int first = column<kAligned>(i);
  if (kAligned && first + 4 <= left) {
    const float4 quad = *reinterpret_cast<const float4*>(in + first);
    held[0] = quad.x, held[1] = quad.y, held[2] = quad.z, held[3] = quad.w;
    return;
  }
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const int c = column<kAligned>(i + j);
    held[j] = c < left ? in[c] : 0;
  }
}

template <bool kAligned>
__device__ void store(float* out, std::int64_t left, int i, const float* held) {
  const int first = column<kAligned>(i);
  if (kAligned && first + 4 <= left) {
    *reinterpret_cast<float4*>(out + first) = make_float4(held[0], held[1], held[2], held[3]);
    return;
  }
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    const int c = column<kAligned>(i + j);
    if (c < left) out[c] = held[j];
  }
}

template <bool kAligned, bool kAdd>
__device__ void load_stretch(const Row& row, std::int64_t begin, float (&held)[kEach]) {
  const std::int64_t left = row.columns - begin;
#pragma unroll
  for (int i = 0; i < kEach; i += 4) load<kAligned>(row.x + begin, left, i, held + i);
  if (!kAdd) return;
#pragma unroll
  for (int i = 0; i < kEach; i += 4) {
    float added[4];
    load<kAligned>(row.residual + begin, left, i, added);
#pragma unroll
    for (int j = 0; j < 4; ++j) held[i + j] += added[j];
    store<kAligned>(row.residual + begin, left, i, held + i);
  }
}

template <bool kAligned, bool kAdd>
__device__ void write_stretch(const Row& row, std::int64_t begin, float scale,
                              const float (&held)[kEach]) {
  const std::int64_t left = row.columns - begin;
#pragma unroll
  for (int i = 0; i < kEach; i += 4) {
    float weight[4] = {1, 1, 1, 1};
    if (row.weight != nullptr) load<kAligned>(row.weight + begin, left, i, weight);
#pragma unroll
    for (int j = 0; j < 4; ++j) weight[j] *= held[i + j] * scale;
    store<kAligned>(row.y + begin, left, i, weight);
  }
}

/// A block for each row. What a thread reads again, it has itself stored or read before: y may
/// take the place of x, since nothing of x is read after its stretch was written.
template <bool kAligned, bool kAdd>
__global__ void norm_kernel(Matrices matrices) {
  const Row row = matrices.row(blockIdx.x);
  const std::int64_t last = (row.columns - 1) / kStretch * kStretch;
  float held[kEach];
  float squares = 0;
  for (std::int64_t begin = 0; begin <= last; begin += kStretch) {
    load_stretch<kAligned, kAdd>(row, begin, held);
#pragma unroll
    for (int i = 0; i < kEach; ++i) squares += held[i] * held[i];
  }
  const float mean = sum_of_block(squares) / static_cast<float>(row.columns);
  const float scale = rsqrtf(mean + matrices.epsilon);
  write_stretch<kAligned, kAdd>(row, last, scale, held);
  for (std::int64_t begin = last - kStretch; begin >= 0; begin -= kStretch) {
    const float* const in = (kAdd ? row.residual : row.x) + begin;
#pragma unroll
    for (int i = 0; i < kEach; i += 4) load<kAligned>(in, row.columns - begin, i, held + i);
    write_stretch<kAligned, kAdd>(row, begin, scale, held);
  }
}

/// Whether each row of a matrix begins at a multiple of 16 bytes.
bool rows_aligned(const float* matrix, std::int64_t stride) {
  return reinterpret_cast<std::uintptr_t>(matrix) % sizeof(float4) == 0 && stride % 4 == 0;
}

template <bool kAdd>
void launch(const Matrices& m, std::int64_t rows, cudaStream_t stream) {
  if (rows == 0) return;  // an empty grid cannot be launched
  const bool aligned = rows_aligned(m.first.x, m.x_stride) && rows_aligned(m.first.y, m.y_stride) &&
                       rows_aligned(m.first.residual, m.residual_stride) &&
                       rows_aligned(m.first.weight, 0);
  const auto blocks = static_cast<unsigned>(rows);
  const auto kernel = aligned ? norm_kernel<true, kAdd> : norm_kernel<false, kAdd>;
  kernel<<<blocks, kThreads, 0, stream>>>(m);
}

}  // namespace

void rms_norm(const float* x, const float* weight, float* y, std::int64_t rows,
              std::int64_t columns, float epsilon, cudaStream_t stream) {
  launch<false>({{nullptr, x, weight, y, columns}, 0, columns, columns, epsilon}, rows, stream);
}

void add_rms_norm(float* residual, std::int64_t residual_stride, const float* x,
                  std::int64_t x_stride, const float* weight, float* y, std::int64_t y_stride,
                  std::int64_t rows, std::int64_t columns, float epsilon, cudaStream_t stream) {
  launch<true>({{residual, x, weight, y, columns}, residual_stride, x_stride, y_stride, epsilon},
               rows, stream);
}

}  // namespace kata
