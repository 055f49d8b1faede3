#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace unaided::bench {

/// Random inputs: the same tensors in the same order for the same seed.
class RandomTensors {
 public:
  explicit RandomTensors(std::uint64_t seed);

  /// Normal with mean 0 and this deviation, drawn in float32 and rounded to dtype.
  torch::Tensor normal(const std::vector<std::int64_t>& sizes, double deviation = 1,
                       torch::ScalarType dtype = torch::kFloat32);

  /// float64 in [0, 1).
  torch::Tensor uniform(const std::vector<std::int64_t>& sizes);

  /// int64 in 0 … limit − 1.
  torch::Tensor integers(const std::vector<std::int64_t>& sizes, std::int64_t limit);

 private:
  at::Generator generator_;
};

}  // namespace unaided::bench
