#pragma once

// Where the checks' tokens and logits come from, and the memory in which an attempt sees them.

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

/// Rows of one length as a tensor (n, width) of float or double. Not contiguous, if asked: then
/// each entry has a NaN beside it, in memory that is not part of the tensor.
template <typename T>
torch::Tensor matrix_of(const std::vector<std::vector<T>>& rows, std::int64_t width,
                        bool contiguous = true) {
  const auto n = static_cast<std::int64_t>(rows.size());
  const std::int64_t stride = contiguous ? 1 : 2;
  torch::Tensor memory =
      torch::empty({n, width * stride}, sizeof(T) == 4 ? torch::kFloat32 : torch::kFloat64);
  T* entries = memory.data_ptr<T>();
  for (const std::vector<T>& row : rows) {
    for (const T value : row) {
      *entries++ = value;
      if (!contiguous) *entries++ = std::numeric_limits<T>::quiet_NaN();
    }
  }
  return contiguous ? memory : memory.slice(/*dim=*/1, 0, width * stride, stride);
}

inline torch::Tensor vector_of(const Row& row, bool contiguous = true) {
  return matrix_of(std::vector<Row>{row}, static_cast<std::int64_t>(row.size()), contiguous)[0];
}

/// Whether `tensor` still holds exactly these rows, NaN included.
template <typename T>
bool holds(const torch::Tensor& tensor, const std::vector<std::vector<T>>& rows) {
  const torch::Tensor now = tensor.contiguous();
  const T* entries = now.data_ptr<T>();
  for (const std::vector<T>& row : rows) {
    for (const T value : row) {
      const T entry = *entries++;
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

  std::uint64_t key() { return generator_(); }

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

inline std::uint64_t mixed(std::uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Depends on every one of the tokens, and on their order.
inline std::uint64_t hashed(std::uint64_t key, const Tokens& tokens) {
  std::uint64_t state = mixed(key);
  for (const std::int64_t token : tokens) state = mixed(state ^ static_cast<std::uint64_t>(token));
  return state;
}

/// Logits between −spread and spread that depend on every one of the tokens, and on their order.
inline Row hashed_row(std::uint64_t key, const Tokens& tokens, std::int64_t vocabulary,
                      double spread) {
  std::uint64_t state = hashed(key, tokens);
  Row row;
  for (std::int64_t i = 0; i < vocabulary; ++i) {
    state = mixed(state);
    const double unit = std::ldexp(static_cast<double>(state >> 11), -52) - 1;
    row.push_back(static_cast<float>(spread * unit));
  }
  return row;
}

}  // namespace logits
