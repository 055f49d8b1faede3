#pragma once

#include <cstdint>

struct CUstream_st;
typedef CUstream_st* cudaStream_t;

namespace kata {

/// out[h][i] = Σ_j w[j] · v[h][j], where w = softmax of q[h][i] · k[h][j] / 8 over the keys j ≤ i.
///
/// q, k, v and out are device memory, heads × length × 64 floats without gaps; out overlaps none.
/// 0 ≤ heads ≤ 65,535, length ≥ 0. Products q · k / 8 are between −1,000 and 1,000,
/// entries of v between −10 and 10.
/// Work is launched on `stream` and nowhere else; nothing is waited for. No memory is allocated
/// that grows with length · length.
void causal_attention(const float* q, const float* k, const float* v, float* out,
                      std::int64_t heads, std::int64_t length, cudaStream_t stream);

}  // namespace kata
