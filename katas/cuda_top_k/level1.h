#pragma once

#include <cstdint>

struct CUstream_st;
typedef CUstream_st* cudaStream_t;

namespace kata {

/// The k largest entries of every row of x, the largest first, with their columns. Of equal entries
/// the one in the lower column comes first.
///
/// x is rows × columns floats of device memory, values rows × k floats, indices rows × k integers,
/// each row after row without gaps; none overlap. rows ≥ 0, 1 ≤ columns ≤ 8,192,
/// 1 ≤ k ≤ min(columns, 64). Entries are finite; −0 equals 0.
/// Work is launched on `stream` and nowhere else; nothing is waited for.
void top_k(const float* x, float* values, std::int32_t* indices, std::int64_t rows,
           std::int64_t columns, std::int64_t k, cudaStream_t stream);

}  // namespace kata
