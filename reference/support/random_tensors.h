#pragma once

#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "support/probe.h"

namespace support {

/// Seeded tensors and numbers: the same ones again for the same support::seed().
class RandomTensors {
 public:
  RandomTensors() : generator_(seeded_generator()) {}

  /// Entries of a bell-shaped distribution with mean 0 and variance 1, between −3.5 and 3.5, drawn
  /// in float64 and rounded to dtype.
  torch::Tensor normal(const std::vector<std::int64_t>& sizes,
                       torch::ScalarType dtype = torch::kFloat32) {
    torch::Tensor result = torch::empty(sizes, torch::kFloat64);
    double* entries = result.data_ptr<double>();
    for (std::int64_t i = 0; i < result.numel(); ++i) entries[i] = bell();
    return dtype == torch::kFloat64 ? result : result.to(dtype);
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
  /// The sum of four uniform numbers of 16 bits each: one draw, where std::normal_distribution
  /// needs several and a logarithm, which the checks' time would be spent on.
  double bell() {
    const std::uint64_t bits = generator_();
    const auto sum = static_cast<double>((bits & 0xffff) + (bits >> 16 & 0xffff) +
                                         (bits >> 32 & 0xffff) + (bits >> 48));
    constexpr double kMean = 2 * 65535.0, kDeviation = 65536.0 * 0.57735026919;  // √(4/12)
    return (sum - kMean) / kDeviation;
  }

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
