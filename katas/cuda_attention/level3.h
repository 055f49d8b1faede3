#pragma once

#include <cstdint>

struct CUstream_st;
typedef CUstream_st* cudaStream_t;

namespace kata {

/// Floats of scratch memory for each query: room for 128 parts of 130 floats.
inline constexpr std::int64_t kDecodeScratch = 128 * 130;

/// One step of decoding: the new token's queries over all cached keys, `group` queries to each head
/// of keys.
///
/// out[h][g] = Σ_j w[j] · v[h][j], where w = softmax of q[h][g] · k[h][j] / √128 over all keys j;
/// zeros when there are no keys.
///
/// q and out are device memory, heads × group × 128 floats, k and v heads × keys × 128 floats, all
/// without gaps. `scratch` is heads · group · kDecodeScratch floats of device memory, for whatever
/// they are needed; it begins as garbage, and what is left there does not matter. Nothing overlaps.
/// All pointers are aligned to 16 bytes. Products and entries of v as in causal_attention. heads
/// and keys ≥ 0, 1 ≤ group ≤ 8, heads · group ≤ 65,535.
/// From 4,096 keys on, those of each head are divided among 16 blocks or more.
/// Work is launched on `stream`, at most three kernels; nothing is waited for or allocated.
void decode_attention(const float* q, const float* k, const float* v, float* out, float* scratch,
                      std::int64_t heads, std::int64_t group, std::int64_t keys,
                      cudaStream_t stream);

}  // namespace kata
