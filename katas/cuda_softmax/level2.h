#pragma once

#include <cstdint>

struct CUstream_st;
typedef CUstream_st* cudaStream_t;

namespace kata {

/// Softmax of rows that lie apart: row r of x begins at x + r · x_stride, that of y at
/// y + r · y_stride.
///
/// rows ≥ 0, columns ≥ 1, strides ≥ columns. Pointers are aligned to 4 bytes and no more. What lies
/// between the rows of y stays as it was. y may be x, with the same stride; else they do not
/// overlap. Entries of x are finite or −∞: such an entry gets 0, and a row of nothing else gets
/// zeros. Rows may be wide, up to 2^20 columns: each is then the work of 128 threads or more. Work
/// is launched on `stream`, in at most three launches; nothing is waited for, and no memory of the
/// size of x is allocated.
void softmax_rows(const float* x, std::int64_t x_stride, float* y, std::int64_t y_stride,
                  std::int64_t rows, std::int64_t columns, cudaStream_t stream);

}  // namespace kata
