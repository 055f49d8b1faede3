#pragma once

#include <cstdint>

struct CUstream_st;
typedef CUstream_st* cudaStream_t;

namespace kata {

/// y[r][c] = exp(x[r][c]) / Σ exp(x[r][·]) for every row r.
///
/// x and y are device memory, rows × columns floats, row after row without gaps; they do not
/// overlap. rows ≥ 0, 1 ≤ columns ≤ 16,384. Entries of x are finite, between −10,000 and
/// 10,000. Work is launched on `stream` and nowhere else; nothing is waited for.
void softmax(const float* x, float* y, std::int64_t rows, std::int64_t columns,
             cudaStream_t stream);

}  // namespace kata
