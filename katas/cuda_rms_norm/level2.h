#pragma once

#include <cstdint>

struct CUstream_st;
typedef CUstream_st* cudaStream_t;

namespace kata {

/// residual[r][c] += x[r][c]; then y[r][c] = residual[r][c] · weight[c] / √(mean of residual[r][·]²
/// + epsilon), with the residual as it is after the addition.
///
/// Row r of each matrix begins at its pointer + r · its stride; strides are at least `columns`.
/// Pointers are aligned to 4 bytes and no more. What lies between rows stays as it was. y may be x,
/// with the same stride; else nothing overlaps. weight may be null: 1 for every column.
/// rows ≥ 0, columns ≥ 1, epsilon ≥ 10^−12. Entries are between −10^6 and 10^6, also after the
/// addition, weights between −1,000 and 1,000.
/// Rows may be wide, up to 2^20 columns: from 4,096 on each is the work of 128 threads or more.
/// Work is launched on `stream`, in one launch; nothing is waited for or allocated.
void add_rms_norm(float* residual, std::int64_t residual_stride, const float* x,
                  std::int64_t x_stride, const float* weight, float* y, std::int64_t y_stride,
                  std::int64_t rows, std::int64_t columns, float epsilon, cudaStream_t stream);

}  // namespace kata
