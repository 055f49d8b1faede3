#pragma once

#include <torch/types.h>

#include <cstdint>
#include <random>
#include <vector>

#include "support/probe.h"

namespace support {

/// Seeded tensors and numbers: the same ones again for the same support::seed().
class RandomTensors {
 public:
  RandomTensors() : generator_(seeded_generator()) {}

  /// Standard normal entries, drawn in float64 and rounded to dtype.
  torch::Tensor normal(const std::vector<std::int64_t>& sizes,
                       torch::ScalarType dtype = torch::kFloat32) {
    torch::Tensor result = torch::empty(sizes, torch::kFloat64);
    std::normal_distribution<double> distribution;
    double* entries = result.data_ptr<double>();
    for (std::int64_t i = 0; i < result.numel(); ++i) entries[i] = distribution(generator_);
    return result.to(dtype);
  }

  /// bool entries, each true with this probability.
  torch::Tensor coins(const std::vector<std::int64_t>& sizes, double probability = 0.5) {
    torch::Tensor result = torch::empty(sizes, torch::kBool);
    std::bernoulli_distribution distribution(probability);
    bool* entries = result.data_ptr<bool>();
    for (std::int64_t i = 0; i < result.numel(); ++i) entries[i] = distribution(generator_);
    return result;
  }

  /// Between low and high, both included.
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(generator_);
  }

 private:
  std::mt19937_64 generator_;
};

/// A small literal tensor: matrix({{1, 2}, {3, 4}}).
inline torch::Tensor matrix(const std::vector<std::vector<double>>& rows,
                            torch::ScalarType dtype = torch::kFloat32) {
  const auto columns = static_cast<std::int64_t>(rows.front().size());
  torch::Tensor result =
      torch::empty({static_cast<std::int64_t>(rows.size()), columns}, torch::kFloat64);
  double* entries = result.data_ptr<double>();
  for (const auto& row : rows) entries = std::copy(row.begin(), row.end(), entries);
  return result.to(dtype);
}

}  // namespace support
