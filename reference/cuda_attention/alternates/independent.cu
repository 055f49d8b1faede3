#include <cmath>
#include <cstdint>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr int kLane = 32;      // lanes of a warp, and keys of a tile: a lane scores a key
constexpr int kPerWarp = 4;    // queries of a warp
constexpr int kWarpCount = 4;  // warps of a block
constexpr int kCrew = kLane * kWarpCount;
constexpr int kRows = kPerWarp * kWarpCount;  // queries of a block
constexpr unsigned kAll = 0xffffffffu;

template <typename T>
struct Matrix {
  T* base;
  std::int64_t per_head;
  std::int64_t per_row;

  __device__ T* at(std::int64_t head, std::int64_t row) const {
    return base + head * per_head + row * per_row;
  }
};

// Keys 0 .. result-1 are seen by this query.
__device__ std::int64_t visible(std::int64_t query, std::int64_t queries, std::int64_t keys) {
  const std::int64_t count = query + 1 + keys - queries;
  if (count < 0) return 0;
  return count > keys ? keys : count;
}

// In the first half of a tile a lane is a key: it scores its key against the warp's queries. In the
// second half a lane is a column (and those 32 further on): it adds up weight · value. In between
// weights go through shared memory that belongs to the warp alone.
template <int kDim>
__global__ void flash(Matrix<const float> q, Matrix<const float> k, Matrix<const float> v,
                      Matrix<float> out, std::int64_t queries, std::int64_t keys, float scale) {
  constexpr int kCols = kDim / kLane;
  __shared__ float key_tile[kLane][kDim + 1];  // + 1: lanes walk down different banks
  __shared__ float value_tile[kLane][kDim];
  __shared__ float query_tile[kRows][kDim];
  __shared__ float weight_tile[kRows][kLane];

  const int me = static_cast<int>(threadIdx.x);
  const int lane = me % kLane;
  const int mine = me / kLane * kPerWarp;  // first of the warp's queries within the block
  const std::int64_t head = blockIdx.y;
  const std::int64_t first = std::int64_t{kRows} * blockIdx.x;

  for (int i = me; i < kRows * kDim; i += kCrew) {
    const std::int64_t row = first + i / kDim;
    query_tile[i / kDim][i % kDim] = row < queries ? q.at(head, row)[i % kDim] * scale : 0.0f;
  }

  float acc[kPerWarp][kCols];
  float top[kPerWarp];
  float mass[kPerWarp];  // of this lane's keys only
  std::int64_t sees[kPerWarp];
  for (int r = 0; r < kPerWarp; ++r) {
    const std::int64_t row = first + mine + r;
    sees[r] = row < queries ? visible(row, queries, keys) : 0;
    top[r] = -INFINITY;
    mass[r] = 0.0f;
    for (int c = 0; c < kCols; ++c) acc[r][c] = 0.0f;
  }

  const std::int64_t last = (first + kRows < queries ? first + kRows : queries) - 1;
  const std::int64_t end = visible(last, queries, keys);
  for (std::int64_t tile = 0; tile < end; tile += kLane) {
    for (int i = me; i < kLane * kDim; i += kCrew) {
      const int j = i / kDim;
      const int d = i % kDim;
      const bool exists = tile + j < keys;
      key_tile[j][d] = exists ? k.at(head, tile + j)[d] : 0.0f;
      value_tile[j][d] = exists ? v.at(head, tile + j)[d] : 0.0f;
    }
    __syncthreads();  // tiles (and the first time the queries) are complete

    float score[kPerWarp];
    for (int r = 0; r < kPerWarp; ++r) score[r] = 0.0f;
    for (int d = 0; d < kDim; ++d) {
      const float key = key_tile[lane][d];
      for (int r = 0; r < kPerWarp; ++r) score[r] += query_tile[mine + r][d] * key;
    }
    for (int r = 0; r < kPerWarp; ++r) {
      const float s = tile + lane < sees[r] ? score[r] : -INFINITY;
      float peak = s;
      for (int d = kLane / 2; d >= 1; d /= 2) peak = fmaxf(peak, __shfl_xor_sync(kAll, peak, d));
      peak = fmaxf(peak, top[r]);
      const bool nothing = peak == -INFINITY;
      const float weight = nothing ? 0.0f : expf(s - peak);
      const float keep = nothing ? 1.0f : expf(top[r] - peak);
      mass[r] = mass[r] * keep + weight;
      for (int c = 0; c < kCols; ++c) acc[r][c] *= keep;
      top[r] = peak;
      weight_tile[mine + r][lane] = weight;
    }
    __syncwarp();
    for (int j = 0; j < kLane; ++j) {
      float value[kCols];
      for (int c = 0; c < kCols; ++c) value[c] = value_tile[j][lane + kLane * c];
      for (int r = 0; r < kPerWarp; ++r) {
        const float weight = weight_tile[mine + r][j];
        for (int c = 0; c < kCols; ++c) acc[r][c] += weight * value[c];
      }
    }
    __syncthreads();  // everybody is through with the tiles (and the warp with its weights)
  }

  for (int r = 0; r < kPerWarp; ++r) {
    float total = mass[r];
    for (int d = kLane / 2; d >= 1; d /= 2) total += __shfl_xor_sync(kAll, total, d);
    const std::int64_t row = first + mine + r;
    if (row < queries) {
      float* dst = out.at(head, row);
      for (int c = 0; c < kCols; ++c) {
        dst[lane + kLane * c] = total > 0.0f ? acc[r][c] / total : 0.0f;
      }
    }
  }
}

template <int kDim>
void launch_flash(Matrix<const float> q, Matrix<const float> k, Matrix<const float> v,
                  Matrix<float> out, std::int64_t heads, std::int64_t queries, std::int64_t keys,
                  float scale, cudaStream_t stream) {
  if (heads <= 0 || queries <= 0) return;
  const dim3 grid(static_cast<unsigned>((queries + kRows - 1) / kRows),
                  static_cast<unsigned>(heads));
  flash<kDim><<<grid, kCrew, 0, stream>>>(q, k, v, out, queries, keys, scale);
}

}  // namespace

void causal_attention(const float* q, const float* k, const float* v, float* out,
                      std::int64_t heads, std::int64_t length, cudaStream_t stream) {
  const std::int64_t head = length * 64;
  launch_flash<64>(Matrix<const float>{q, head, 64}, Matrix<const float>{k, head, 64},
                   Matrix<const float>{v, head, 64}, Matrix<float>{out, head, 64}, heads, length,
                   length, 0.125f, stream);
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

void strided_attention(const float* q, Strides q_strides, const float* k, Strides k_strides,
                       const float* v, Strides v_strides, float* out, Strides out_strides,
                       std::int64_t heads, std::int64_t queries, std::int64_t keys,
                       std::int64_t head_size, cudaStream_t stream) {
  const Matrix<const float> q_in{q, q_strides.head, q_strides.row};
  const Matrix<const float> k_in{k, k_strides.head, k_strides.row};
  const Matrix<const float> v_in{v, v_strides.head, v_strides.row};
  const Matrix<float> result{out, out_strides.head, out_strides.row};
  if (head_size == 64) {
    launch_flash<64>(q_in, k_in, v_in, result, heads, queries, keys, 0.125f, stream);
  } else {
    launch_flash<128>(q_in, k_in, v_in, result, heads, queries, keys, 0.08838834764831845f, stream);
  }
}

}  // namespace kata
