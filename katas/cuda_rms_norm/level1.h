#pragma once

#include <cstdint>

struct CUstream_st;
typedef CUstream_st* cudaStream_t;

namespace kata {

/// y[r][c] = x[r][c] · weight[c] / √(mean of x[r][·]² + epsilon) for every row r.
///
/// x and y are device memory, rows × columns floats, row after row without gaps; weight is columns
/// floats of device memory. None overlap. rows ≥ 0, 1 ≤ columns ≤ 16,384, epsilon ≥ 10^−12.
/// Entries of x are between −10^6 and 10^6, weights between −1,000 and 1,000.
/// Work is launched on `stream` and nowhere else; nothing is waited for.
void rms_norm(const float* x, const float* weight, float* y, std::int64_t rows,
              std::int64_t columns, float epsilon, cudaStream_t stream);

}  // namespace kata
