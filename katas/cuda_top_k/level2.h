#pragma once

#include <cstdint>

struct CUstream_st;
typedef CUstream_st* cudaStream_t;

namespace kata {

/// As top_k, of rows that lie apart: row r of x begins at x + r · x_stride, x_stride ≥ columns.
/// values and indices are rows × k without gaps.
///
/// rows ≥ 0, 1 ≤ columns ≤ 2^20, 1 ≤ k ≤ min(columns, 256). Entries are finite or −∞; −0 equals 0.
/// Pointers are aligned to 4 bytes and no more.
/// From 4,096 columns on each row is the work of 128 threads or more.
/// Work is launched on `stream`, in at most three launches; nothing is waited for, and no memory of
/// the size of x is allocated.
void top_k_rows(const float* x, std::int64_t x_stride, float* values, std::int32_t* indices,
                std::int64_t rows, std::int64_t columns, std::int64_t k, cudaStream_t stream);

}  // namespace kata
