#pragma once

#include <torch/types.h>

#include <cmath>

namespace oracle {

/// RMSNorm of each row (rows, columns), in float64; an undefined weight is 1 for every column.
inline torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon) {
  const torch::Tensor in = x.to(torch::kFloat64).contiguous();
  const torch::Tensor factors = weight.defined() ? weight.to(torch::kFloat64).contiguous()
                                                 : torch::ones({in.size(1)}, torch::kFloat64);
  torch::Tensor out = torch::empty_like(in);
  const std::int64_t columns = in.size(1);
  for (std::int64_t r = 0; r < in.size(0); ++r) {
    const double* const row = in.data_ptr<double>() + r * columns;
    double squares = 0;
    for (std::int64_t c = 0; c < columns; ++c) squares += row[c] * row[c];
    const double scale = 1 / std::sqrt(squares / static_cast<double>(columns) + epsilon);
    for (std::int64_t c = 0; c < columns; ++c) {
      out.data_ptr<double>()[r * columns + c] = row[c] * scale * factors.data_ptr<double>()[c];
    }
  }
  return out;
}

}  // namespace oracle
