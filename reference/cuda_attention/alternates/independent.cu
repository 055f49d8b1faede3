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

// level 3
#include "level3.h"

namespace kata {
namespace {

constexpr int kHeadSize = 128;
constexpr int kQuads = kHeadSize / 4;            // float4s of a row
constexpr int kMostQueries = 8;                  // of a group
constexpr int kMostParts = 128;                  // of the keys of a head
constexpr int kPartKeys = 256;                   // keys worth a block of their own
constexpr int kChunk = 128;                      // keys whose scores lie in shared memory at a time
constexpr int kTeam = 8;                         // lanes that score a key together
constexpr int kPartCrew = kHeadSize;             // threads of a block, one for each column
constexpr float kShrink = 0.08838834764831845f;  // 1 / √128

// Scratch of one query: the sums of all its parts, then their maxima, then their masses. So the
// sums need no more than the pointer does to be aligned.
__device__ float* part_sums(float* scratch, std::int64_t query, int part) {
  return scratch + query * kDecodeScratch + std::int64_t{part} * kHeadSize;
}
__device__ float* part_tops(float* scratch, std::int64_t query) {
  return scratch + query * kDecodeScratch + kMostParts * kHeadSize;
}
__device__ float* part_masses(float* scratch, std::int64_t query) {
  return part_tops(scratch, query) + kMostParts;
}

// Block (p, h) does part p of the keys of head h for all queries of the group. Maxima are those of
// the products before scaling: only differences are scaled.
__global__ void decode_part(const float* q, const float* k, const float* v, float* scratch,
                            int group, std::int64_t keys) {
  __shared__ float4 query_tile[kMostQueries][kQuads];
  __shared__ float weight[kMostQueries][kChunk];  // scores at first
  __shared__ float keep[kMostQueries];            // what the rise of a maximum leaves of a sum

  const int me = static_cast<int>(threadIdx.x);
  const int lane = me % kLane;
  const int warp = me / kLane;
  const int part = static_cast<int>(blockIdx.x);
  const std::int64_t head = blockIdx.y;
  const std::int64_t begin = keys * part / gridDim.x;
  const std::int64_t end = keys * (part + 1) / gridDim.x;
  const auto* key_rows = reinterpret_cast<const float4*>(k + head * keys * kHeadSize);
  const float* values = v + head * keys * kHeadSize;

  const auto* queries = reinterpret_cast<const float4*>(q + head * group * kHeadSize);
  for (int i = me; i < group * kQuads; i += kPartCrew) {
    query_tile[i / kQuads][i % kQuads] = queries[i];
  }

  // Of query g: the sum of column `me`, and (in the lanes of warp g % 4) maximum and mass.
  float acc[kMostQueries] = {};
  constexpr int kWarps = kPartCrew / kLane;
  float top[kMostQueries / kWarps];
  float mass[kMostQueries / kWarps];  // of this lane's keys only
  for (int r = 0; r < kMostQueries / kWarps; ++r) {
    top[r] = -INFINITY;
    mass[r] = 0.0f;
  }

  for (std::int64_t chunk = begin; chunk < end; chunk += kChunk) {
    const int count = static_cast<int>(end - chunk < kChunk ? end - chunk : kChunk);
    __syncthreads();  // queries are there; the last chunk's weights are used up

    // A team of lanes reads a key once and scores it against every query.
    for (int j = me / kTeam; j < kChunk; j += kPartCrew / kTeam) {
      float score[kMostQueries] = {};
      if (j < count) {
        for (int c = lane % kTeam; c < kQuads; c += kTeam) {
          const float4 b = key_rows[(chunk + j) * kQuads + c];
#pragma unroll
          for (int g = 0; g < kMostQueries; ++g) {
            if (g >= group) break;
            const float4 a = query_tile[g][c];
            score[g] += a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
          }
        }
      }
#pragma unroll
      for (int g = 0; g < kMostQueries; ++g) {
        if (g >= group) break;
        for (int d = kTeam / 2; d >= 1; d /= 2) score[g] += __shfl_xor_sync(kAll, score[g], d);
        if (lane % kTeam == 0) weight[g][j] = j < count ? score[g] : -INFINITY;
      }
    }
    __syncthreads();  // scores are complete

    // Each warp makes weights of the scores of its queries.
    for (int r = 0; r < kMostQueries / kWarps; ++r) {
      const int g = warp + r * kWarps;
      if (g >= group) break;
      float peak = top[r];
      for (int j = lane; j < kChunk; j += kLane) peak = fmaxf(peak, weight[g][j]);
      for (int d = kLane / 2; d >= 1; d /= 2) peak = fmaxf(peak, __shfl_xor_sync(kAll, peak, d));
      const float rest = expf((top[r] - peak) * kShrink);  // a chunk has a key: peak is finite
      mass[r] *= rest;
      for (int j = lane; j < kChunk; j += kLane) {
        const float w = expf((weight[g][j] - peak) * kShrink);
        weight[g][j] = w;
        mass[r] += w;
      }
      top[r] = peak;
      if (lane == 0) keep[g] = rest;
    }
    __syncthreads();  // weights are complete

    // Each thread adds up a column, and reads its values once for the whole group.
#pragma unroll
    for (int g = 0; g < kMostQueries; ++g) {
      if (g < group) acc[g] *= keep[g];
    }
    for (int j = 0; j < count; ++j) {
      const float value = values[(chunk + j) * kHeadSize + me];
#pragma unroll
      for (int g = 0; g < kMostQueries; ++g) {
        if (g < group) acc[g] += weight[g][j] * value;
      }
    }
  }

#pragma unroll
  for (int g = 0; g < kMostQueries; ++g) {
    if (g < group) part_sums(scratch, head * group + g, part)[me] = acc[g];
  }
  for (int r = 0; r < kMostQueries / kWarps; ++r) {
    const int g = warp + r * kWarps;
    if (g >= group) break;
    for (int d = kLane / 2; d >= 1; d /= 2) mass[r] += __shfl_xor_sync(kAll, mass[r], d);
    if (lane == 0) {
      part_tops(scratch, head * group + g)[part] = top[r];
      part_masses(scratch, head * group + g)[part] = mass[r];
    }
  }
}

// A block for each query, a thread for each column. Without parts the result is zero.
__global__ void decode_merge(float* out, float* scratch, int parts) {
  const std::int64_t query = blockIdx.x;
  const int me = static_cast<int>(threadIdx.x);
  const float* tops = part_tops(scratch, query);
  const float* masses = part_masses(scratch, query);

  float peak = -INFINITY;
  for (int p = 0; p < parts; ++p) peak = fmaxf(peak, tops[p]);
  float sum = 0.0f;
  float total = 0.0f;
  for (int p = 0; p < parts; ++p) {
    const float weight = expf((tops[p] - peak) * kShrink);
    sum += weight * part_sums(scratch, query, p)[me];
    total += weight * masses[p];
  }
  out[query * kHeadSize + me] = parts > 0 ? sum / total : 0.0f;
}

}  // namespace

void decode_attention(const float* q, const float* k, const float* v, float* out, float* scratch,
                      std::int64_t heads, std::int64_t group, std::int64_t keys,
                      cudaStream_t stream) {
  if (heads <= 0) return;
  // No part is empty: there are never more parts than keys.
  std::int64_t parts = (keys + kPartKeys - 1) / kPartKeys;
  if (parts > kMostParts) parts = kMostParts;
  if (parts > 0) {
    const dim3 grid(static_cast<unsigned>(parts), static_cast<unsigned>(heads));
    decode_part<<<grid, kPartCrew, 0, stream>>>(q, k, v, scratch, static_cast<int>(group), keys);
  }
  decode_merge<<<static_cast<unsigned>(heads * group), kHeadSize, 0, stream>>>(
      out, scratch, static_cast<int>(parts));
}

}  // namespace kata
