#include <torch/types.h>

#include <limits>

#include "sampling/rungs.h"

namespace unaided::bench::sampling {
namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();

torch::Tensor filter_top_k(const torch::Tensor& logits, std::int64_t k) {
  const torch::Tensor least = std::get<0>(logits.topk(k)).select(/*dim=*/0, k - 1);
  return logits.masked_fill(logits < least, kNothing);
}

torch::Tensor filter_top_p(const torch::Tensor& logits, double top_p) {
  const auto [sorted, ids] = logits.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true);
  const torch::Tensor probabilities = torch::softmax(sorted, /*dim=*/0);
  const torch::Tensor before = probabilities.cumsum(/*dim=*/0) - probabilities;
  return torch::empty_like(logits).scatter_(/*dim=*/0, ids,
                                            sorted.masked_fill(before >= top_p, kNothing));
}

torch::Tensor filter_min_p(const torch::Tensor& logits, double min_p) {
  const torch::Tensor probabilities = torch::softmax(logits, /*dim=*/0);
  return logits.masked_fill(probabilities < min_p * probabilities.max(), kNothing);
}

}  // namespace

at::Tensor composed(const at::Tensor& logits, const Filters& filters, const at::Tensor& u) {
  torch::Tensor left = logits;
  if (filters.top_k > 0) left = filter_top_k(left, filters.top_k);
  if (filters.top_p < 1) left = filter_top_p(left, filters.top_p);
  if (filters.min_p > 0) left = filter_min_p(left, filters.min_p);
  const torch::Tensor cumulative =
      torch::softmax(left, /*dim=*/0).cumsum(/*dim=*/0, torch::kFloat64);
  return torch::searchsorted(cumulative, u * cumulative[-1], /*out_int32=*/false, /*right=*/true);
}

}  // namespace unaided::bench::sampling
