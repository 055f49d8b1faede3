#pragma once

// Two-layer networks and targets that the checks of levels 2 and 4 share.

#include <cmath>
#include <cstdint>
#include <vector>

#include "level2.h"
#include "oracle.h"
#include "support/random_tensors.h"

namespace mlp_cases {

inline torch::Tensor ids(const std::vector<std::int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}

inline torch::Tensor random_targets(support::RandomTensors& random, std::int64_t rows,
                                    std::int64_t classes) {
  std::vector<std::int64_t> values;
  for (std::int64_t r = 0; r < rows; ++r) values.push_back(random.integer(0, classes - 1));
  return ids(values);
}

/// Weights for which all layers' values are of size 1 when the inputs are.
inline kata::Mlp random_mlp(support::RandomTensors& random, std::int64_t d, std::int64_t h,
                            std::int64_t v, torch::ScalarType dtype = torch::kFloat32) {
  const auto weight = [&](std::int64_t out, std::int64_t in) {
    return (random.normal({out, in}, torch::kFloat64) / std::sqrt(static_cast<double>(in)))
        .to(dtype);
  };
  return {weight(h, d), random.normal({h}, dtype), weight(v, h), random.normal({v}, dtype)};
}

/// Standard normal inputs for which no hidden unit is so near to 0 that rounding decides on which
/// side it is. In float64 it never is.
inline torch::Tensor random_inputs(support::RandomTensors& random, const kata::Mlp& mlp,
                                   std::int64_t rows) {
  while (true) {
    const torch::Tensor inputs = random.normal({rows, mlp.w1.size(1)}, mlp.w1.scalar_type());
    const torch::Tensor before =
        oracle::linear(oracle::float64(inputs), oracle::float64(mlp.w1), oracle::float64(mlp.b1));
    if (rows == 0 || before.abs().min().item<double>() > 1e-4) return inputs;
  }
}

}  // namespace mlp_cases
