#pragma once

#include <torch/types.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace oracle {

/// Causal attention, aligned at the ends, in float64: q (heads, queries, size), k and v (heads,
/// keys, size). A query that sees no key gives zeros.
inline torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k,
                               const torch::Tensor& v) {
  const torch::Tensor q64 = q.to(torch::kFloat64).contiguous();
  const torch::Tensor k64 = k.to(torch::kFloat64).contiguous();
  const torch::Tensor v64 = v.to(torch::kFloat64).contiguous();
  const std::int64_t queries = q.size(1), keys = k.size(1), size = q.size(2);
  torch::Tensor out = torch::zeros_like(q64);
  std::vector<double> weights(static_cast<std::size_t>(keys));
  for (std::int64_t n = 0; n < q.size(0) * queries; ++n) {
    const std::int64_t head = n / queries, seen = n % queries + keys - queries + 1;
    const double* const query = q64.data_ptr<double>() + n * size;
    const double* const key = k64.data_ptr<double>() + head * keys * size;
    const double* const value = v64.data_ptr<double>() + head * keys * size;
    double peak = -HUGE_VAL, total = 0;
    for (std::int64_t j = 0; j < seen; ++j) {
      double score = 0;
      for (std::int64_t d = 0; d < size; ++d) score += query[d] * key[j * size + d];
      weights[static_cast<std::size_t>(j)] = score / std::sqrt(static_cast<double>(size));
      peak = std::max(peak, weights[static_cast<std::size_t>(j)]);
    }
    for (std::int64_t j = 0; j < seen; ++j) {
      double& weight = weights[static_cast<std::size_t>(j)];
      total += weight = std::exp(weight - peak);
    }
    for (std::int64_t j = 0; j < seen; ++j) {
      const double share = weights[static_cast<std::size_t>(j)] / total;
      for (std::int64_t d = 0; d < size; ++d) {
        out.data_ptr<double>()[n * size + d] += share * value[j * size + d];
      }
    }
  }
  return out;
}

/// Queries (heads, group, size) that each see all keys of their head.
inline torch::Tensor decode(const torch::Tensor& q, const torch::Tensor& k,
                            const torch::Tensor& v) {
  const torch::Tensor alone = q.reshape({q.size(0) * q.size(1), 1, q.size(2)});
  return attention(alone, k.repeat_interleave(q.size(1), 0), v.repeat_interleave(q.size(1), 0))
      .view(q.sizes());
}

}  // namespace oracle
