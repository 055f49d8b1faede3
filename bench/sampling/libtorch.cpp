// What LibTorch does fastest, for each filter. None of these ways sorts the vocabulary.
#include <torch/types.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "sampling/rungs.h"

namespace unaided::bench::sampling {
namespace {

constexpr std::int64_t kLargest = 1024;

/// The draw from weights in the order of ids; an index into them, (1).
torch::Tensor draw(const torch::Tensor& weights, const torch::Tensor& u) {
  const torch::Tensor cumulative = weights.cumsum(/*dim=*/0, torch::kFloat64);
  return torch::searchsorted(cumulative, u * cumulative[-1], /*out_int32=*/false, /*right=*/true);
}

/// The draw among ids in any order.
torch::Tensor draw_of(const torch::Tensor& weights, const torch::Tensor& ids,
                      const torch::Tensor& u) {
  const auto [ascending, order] = ids.sort();
  return ascending.index_select(/*dim=*/0, draw(weights.index_select(/*dim=*/0, order), u));
}

/// How many of probabilities, which descend, top-p and then min-p keep.
std::int64_t count_kept(const torch::Tensor& probabilities, const Filters& filters) {
  torch::Tensor keeps = probabilities >= filters.min_p * probabilities[0];
  if (filters.top_p < 1) {
    keeps.logical_and_(probabilities.cumsum(/*dim=*/0) - probabilities < filters.top_p);
  }
  return keeps.sum().item<std::int64_t>();
}

torch::Tensor draw_top_k(const torch::Tensor& logits, const Filters& filters,
                         const torch::Tensor& u) {
  const std::int64_t k = std::min(filters.top_k, logits.size(0));
  auto [values, ids] = logits.topk(std::min(k + 1, logits.size(0)));
  if (values.size(0) > k && torch::equal(values[k], values[k - 1])) {
    ids = (logits >= values[k - 1]).nonzero().squeeze(/*dim=*/1);  // all that equal the k-th stay
    const auto sorted = logits.index_select(/*dim=*/0, ids).sort(/*stable=*/true, 0, true);
    values = std::get<0>(sorted);
    ids = ids.index_select(/*dim=*/0, std::get<1>(sorted));
  } else {
    values = values.slice(/*dim=*/0, 0, k);
  }
  const torch::Tensor probabilities = torch::softmax(values, /*dim=*/0);
  const std::int64_t kept = count_kept(probabilities, filters);
  return draw_of(probabilities.slice(/*dim=*/0, 0, kept), ids.slice(/*dim=*/0, 0, kept), u);
}

/// Bisects for the least probability that stays: those of float32 numbers that are not negative
/// ascend as their bits do.
torch::Tensor draw_top_p_by_threshold(const torch::Tensor& logits, const Filters& filters,
                                      const torch::Tensor& u) {
  const torch::Tensor probabilities = torch::softmax(logits, /*dim=*/0);
  const double target = filters.top_p * probabilities.sum().item<double>();
  const auto above = [&probabilities](std::uint32_t bits) {
    return torch::threshold(probabilities, std::bit_cast<float>(bits), 0);
  };
  // What lies above `enough` reaches the target; what lies above `less` does not.
  std::uint32_t enough = 0, less = std::bit_cast<std::uint32_t>(1.0F);
  while (less - enough > 1) {
    const std::uint32_t middle = enough + (less - enough) / 2;
    (above(middle).sum().item<double>() >= target ? enough : less) = middle;
  }
  torch::Tensor left = above(enough);
  if (filters.min_p > 0) left = left * (left >= filters.min_p * left.max());
  return draw(left, u);
}

/// The nucleus lies among the largest few, or in a vocabulary that is too flat for that.
torch::Tensor draw_top_p(const torch::Tensor& logits, const Filters& filters,
                         const torch::Tensor& u, Way& way) {
  const torch::Tensor sum = logits.logsumexp(/*dim=*/0);
  const double first = (logits.max() - sum).exp().item<double>();
  if (first * kLargest >= filters.top_p) {
    const auto [values, ids] = logits.topk(std::min(kLargest, logits.size(0)));
    const torch::Tensor probabilities = (values - sum).exp();
    if (probabilities.sum().item<double>() > filters.top_p) {
      way = Way::kTopPOfLargest;
      const std::int64_t kept = count_kept(probabilities, filters);
      return draw_of(probabilities.slice(/*dim=*/0, 0, kept), ids.slice(/*dim=*/0, 0, kept), u);
    }
  }
  way = Way::kTopPByThreshold;
  return draw_top_p_by_threshold(logits, filters, u);
}

torch::Tensor draw_min_p(const torch::Tensor& logits, const Filters& filters,
                         const torch::Tensor& u) {
  const torch::Tensor least = logits.max() + std::log(filters.min_p);
  const torch::Tensor ids = (logits >= least).nonzero().squeeze(/*dim=*/1);
  const torch::Tensor weights = torch::softmax(logits.index_select(/*dim=*/0, ids), /*dim=*/0);
  return ids.index_select(/*dim=*/0, draw(weights, u));
}

}  // namespace

at::Tensor libtorch(const at::Tensor& logits, const Filters& filters, const at::Tensor& u,
                    Way& way) {
  if (filters.top_k > 0) {
    way = Way::kTopK;
    return draw_top_k(logits, filters, u);
  }
  if (filters.top_p < 1) return draw_top_p(logits, filters, u, way);
  way = Way::kMinP;
  return draw_min_p(logits, filters, u);
}

}  // namespace unaided::bench::sampling
