#pragma once

#include <torch/types.h>

#include <cmath>

namespace oracle {

/// Softmax of each row (rows, columns) of float32, in float64. A row of −∞ alone gives zeros.
inline torch::Tensor softmax(const torch::Tensor& x) {
  const torch::Tensor in = x.to(torch::kFloat64).contiguous();
  torch::Tensor out = torch::zeros_like(in);
  const std::int64_t columns = in.size(1);
  for (std::int64_t r = 0; r < in.size(0); ++r) {
    const double* const row = in.data_ptr<double>() + r * columns;
    double* const result = out.data_ptr<double>() + r * columns;
    const double peak = *std::max_element(row, row + columns);
    if (peak == -HUGE_VAL) continue;
    double sum = 0;
    for (std::int64_t c = 0; c < columns; ++c) sum += result[c] = std::exp(row[c] - peak);
    for (std::int64_t c = 0; c < columns; ++c) result[c] /= sum;
  }
  return out;
}

}  // namespace oracle
