#pragma once

// Where the checks' logits come from, and the memory in which an attempt sees them.

#include <torch/types.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "support/probe.h"

namespace logits {

using Row = std::vector<float>;
using Tokens = std::vector<std::int64_t>;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
constexpr std::int64_t kLargeVocabulary = 128256;

/// Rows as one tensor (n, V). Not contiguous, if asked: then each entry has a NaN beside it, in
/// memory that is not part of the tensor.
inline torch::Tensor matrix_of(const std::vector<Row>& rows, std::int64_t vocabulary,
                               bool contiguous = true) {
  const auto n = static_cast<std::int64_t>(rows.size());
  const std::int64_t stride = contiguous ? 1 : 2;
  torch::Tensor memory = torch::empty({n, vocabulary * stride}, torch::kFloat32);
  float* entries = memory.data_ptr<float>();
  for (const Row& row : rows) {
    for (const float value : row) {
      *entries++ = value;
      if (!contiguous) *entries++ = kNaN;
    }
  }
  return contiguous ? memory : memory.slice(/*dim=*/1, 0, vocabulary * stride, stride);
}

inline torch::Tensor vector_of(const Row& row, bool contiguous = true) {
  return matrix_of(std::vector<Row>{row}, static_cast<std::int64_t>(row.size()), contiguous)[0];
}

/// Whether `tensor` still holds exactly these rows, NaN included.
inline bool holds(const torch::Tensor& tensor, const std::vector<Row>& rows) {
  const torch::Tensor now = tensor.contiguous();
  const float* entries = now.data_ptr<float>();
  for (const Row& row : rows) {
    for (const float value : row) {
      const float entry = *entries++;
      if (entry != value && !(std::isnan(entry) && std::isnan(value))) return false;
    }
  }
  return true;
}

/// Numbers for the cases of one check: the same again for the same seed.
class Random {
 public:
  Random() : generator_(support::seeded_generator()) {}

  double uniform() { return std::uniform_real_distribution<double>(0, 1)(generator_); }
  double between(double low, double high) { return low + (high - low) * uniform(); }
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(generator_);
  }

  /// Independent logits between −spread and spread.
  Row row(std::int64_t vocabulary, double spread) {
    Row row;
    for (std::int64_t i = 0; i < vocabulary; ++i) {
      row.push_back(static_cast<float>(between(-spread, spread)));
    }
    return row;
  }

  /// Logits in steps of 1/4: equal ones are frequent, and 0 occurs.
  Row coarse_row(std::int64_t vocabulary, int quarters) {
    Row row;
    for (std::int64_t i = 0; i < vocabulary; ++i) {
      row.push_back(static_cast<float>(integer(-quarters, quarters)) / 4);
    }
    return row;
  }

  Tokens tokens(std::int64_t count, std::int64_t vocabulary) {
    Tokens tokens;
    for (std::int64_t i = 0; i < count; ++i) tokens.push_back(integer(0, vocabulary - 1));
    return tokens;
  }

 private:
  std::mt19937_64 generator_;
};

/// Logits between −spread and spread that depend on every one of the tokens, and on their order.
inline Row hashed_row(std::uint64_t seed, const Tokens& tokens, std::int64_t vocabulary,
                      double spread) {
  const auto mix = [](std::uint64_t x) {  // splitmix64
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
  };
  std::uint64_t state = mix(seed);
  for (const std::int64_t token : tokens) state = mix(state ^ static_cast<std::uint64_t>(token));
  Row row;
  for (std::int64_t i = 0; i < vocabulary; ++i) {
    state = mix(state);
    row.push_back(
        static_cast<float>(spread * (std::ldexp(static_cast<double>(state >> 11), -52) - 1)));
  }
  return row;
}

}  // namespace logits
