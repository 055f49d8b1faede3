#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr unsigned kEverybody = 0xffffffffu;
constexpr int kMaxWarps = 16;

// Compensated sum: one large entry must not swallow thousands of small ones.
struct Squares {
  float total = 0.0f;
  float lost = 0.0f;
  __device__ void take(float v) {
    const float w = v * v - lost;
    const float t = total + w;
    lost = (t - total) - w;
    total = t;
  }
};

// Sum over the block; `slots` has a place for each warp. The caller alternates between two sets of
// slots from row to row. So whoever writes a set has passed the barrier of the row in between, and
// with it everybody else has read the set's old contents: one barrier a row.
__device__ float block_total(float v, float* slots) {
  for (int d = 16; d >= 1; d >>= 1) v += __shfl_down_sync(kEverybody, v, d);
  if ((threadIdx.x & 31) == 0) slots[threadIdx.x >> 5] = v;
  __syncthreads();
  const int warps = static_cast<int>(blockDim.x >> 5);
  float all = 0.0f;
  for (int w = 0; w < warps; ++w) all += slots[w];
  return all;
}

__global__ void rms_contiguous(const float* x, const float* weight, float* y, std::int64_t rows,
                               std::int64_t columns, float epsilon) {
  __shared__ float slots[2][kMaxWarps];
  int side = 0;
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x, side ^= 1) {
    const float* src = x + r * columns;
    float* dst = y + r * columns;
    Squares mine;
    for (std::int64_t c = threadIdx.x; c < columns; c += blockDim.x) mine.take(__ldg(src + c));
    const float mean = block_total(mine.total, slots[side]) / static_cast<float>(columns);
    const float inverse = rsqrtf(mean + epsilon);
    for (std::int64_t c = threadIdx.x; c < columns; c += blockDim.x) {
      dst[c] = __ldg(src + c) * inverse * __ldg(weight + c);
    }
  }
}

unsigned threads_for_width(std::int64_t columns) {
  return columns < 2048 ? 128u : 32u * kMaxWarps;
}

unsigned grid_for_rows(std::int64_t rows) {
  return rows < 1024 ? static_cast<unsigned>(rows) : 1024u;
}

}  // namespace

void rms_norm(const float* x, const float* weight, float* y, std::int64_t rows,
              std::int64_t columns, float epsilon, cudaStream_t stream) {
  if (rows <= 0) return;
  rms_contiguous<<<grid_for_rows(rows), threads_for_width(columns), 0, stream>>>(x, weight, y, rows,
                                                                                 columns, epsilon);
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

// Which of the four floats of a 16-byte line this address is.
__device__ int place_in_line(const float* p) {
  return static_cast<int>((reinterpret_cast<std::uintptr_t>(p) / sizeof(float)) & 3u);
}

// A row is cut into a head up to the first 16-byte line, lines, and a tail, if all three operands
// have their lines at the same columns; else all of it is head. The same thread handles the same
// entries in both passes, so what it stored in the residual it may read again without a barrier.
__global__ void add_rms_fused(float* residual, std::int64_t residual_stride, const float* x,
                              std::int64_t x_stride, const float* weight, float* y,
                              std::int64_t y_stride, std::int64_t rows, std::int64_t columns,
                              float epsilon) {
  __shared__ float slots[2][kMaxWarps];
  const std::int64_t me = threadIdx.x;
  const std::int64_t team = blockDim.x;
  int side = 0;
  for (std::int64_t r = blockIdx.x; r < rows; r += gridDim.x, side ^= 1) {
    float* res = residual + r * residual_stride;
    const float* add = x + r * x_stride;
    float* dst = y + r * y_stride;

    const int place = place_in_line(res);
    const bool together = place_in_line(add) == place && place_in_line(dst) == place;
    std::int64_t head = together ? (4 - place) & 3 : columns;
    if (head > columns) head = columns;
    const std::int64_t lines = (columns - head) / 4;
    const std::int64_t tail = head + 4 * lines;
    float4* res4 = reinterpret_cast<float4*>(res + head);
    const float4* add4 = reinterpret_cast<const float4*>(add + head);
    float4* dst4 = reinterpret_cast<float4*>(dst + head);

    Squares mine;
    for (std::int64_t c = me; c < head; c += team) {
      const float v = res[c] + add[c];
      res[c] = v;
      mine.take(v);
    }
    for (std::int64_t i = me; i < lines; i += team) {
      float4 v = res4[i];
      const float4 a = add4[i];
      v.x += a.x;
      v.y += a.y;
      v.z += a.z;
      v.w += a.w;
      res4[i] = v;
      mine.take(v.x);
      mine.take(v.y);
      mine.take(v.z);
      mine.take(v.w);
    }
    for (std::int64_t c = tail + me; c < columns; c += team) {
      const float v = res[c] + add[c];
      res[c] = v;
      mine.take(v);
    }

    const float mean = block_total(mine.total, slots[side]) / static_cast<float>(columns);
    const float inverse = rsqrtf(mean + epsilon);

    for (std::int64_t c = me; c < head; c += team) {
      const float w = weight != nullptr ? weight[c] : 1.0f;
      dst[c] = res[c] * inverse * w;
    }
    for (std::int64_t i = me; i < lines; i += team) {
      float4 v = res4[i];
      v.x *= inverse;
      v.y *= inverse;
      v.z *= inverse;
      v.w *= inverse;
      if (weight != nullptr) {
        const float* w = weight + head + 4 * i;  // aligned to nothing
        v.x *= w[0];
        v.y *= w[1];
        v.z *= w[2];
        v.w *= w[3];
      }
      dst4[i] = v;
    }
    for (std::int64_t c = tail + me; c < columns; c += team) {
      const float w = weight != nullptr ? weight[c] : 1.0f;
      dst[c] = res[c] * inverse * w;
    }
  }
}

}  // namespace

void add_rms_norm(float* residual, std::int64_t residual_stride, const float* x,
                  std::int64_t x_stride, const float* weight, float* y, std::int64_t y_stride,
                  std::int64_t rows, std::int64_t columns, float epsilon, cudaStream_t stream) {
  if (rows <= 0) return;
  add_rms_fused<<<grid_for_rows(rows), threads_for_width(columns), 0, stream>>>(
      residual, residual_stride, x, x_stride, weight, y, y_stride, rows, columns, epsilon);
}

}  // namespace kata
