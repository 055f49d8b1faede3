// sample() and sample_batch() of the decoding kata by the fast rung, so that the kata's checks
// judge it. The kernel filters and draws; temperature, penalty and refusals are done before it.
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "level3.h"
#include "sampling/rungs.h"

namespace kata {
namespace {

using unaided::bench::sampling::fast;
using unaided::bench::sampling::Filters;

using Row = std::vector<float>;

Row row_of(const torch::Tensor& logits) {
  const torch::Tensor contiguous = logits.contiguous();
  const float* first = contiguous.const_data_ptr<float>();
  return {first, first + contiguous.numel()};
}

void require_distribution(const Row& row) {
  const bool has_nan = std::any_of(row.begin(), row.end(), [](float x) { return std::isnan(x); });
  const bool is_empty = std::all_of(row.begin(), row.end(), [](float x) { return std::isinf(x); });
  if (has_nan || is_empty) throw std::domain_error("logits without a distribution");
}

/// In float64 and relative to the largest: ±10,000 / 0.001 would keep no digit in float32.
void divide_by_temperature(Row& row, double temperature) {
  const double max = *std::max_element(row.begin(), row.end());
  for (float& logit : row) logit = static_cast<float>((logit - max) / temperature);
}

void penalise(Row& row, const Tokens& prompt, const Tokens& output, double penalty) {
  std::set<std::int64_t> seen(prompt.begin(), prompt.end());
  seen.insert(output.begin(), output.end());
  for (const std::int64_t id : seen) {
    float& logit = row[static_cast<std::size_t>(id)];
    logit = static_cast<float>(logit > 0 ? logit / penalty : logit * penalty);
  }
}

std::int64_t draw(Row row, double temperature, const Filters& filters, double u) {
  const auto size = static_cast<std::int64_t>(row.size());
  const bool greedy = temperature == 0;
  if (!greedy) divide_by_temperature(row, temperature);
  // Of the largest alone, u = 0 takes the first.
  const std::int64_t id =
      fast(row.data(), size, greedy ? Filters{.top_k = 1} : filters, greedy ? 0 : u);
  return UNAIDED_SPOILT ? (id + 1) % size : id;
}

bool within(double value, double low, double high) {
  return value >= low && value <= high;  // NaN is not
}

void require_sampling(const Sampling& sampling) {
  const bool sound = sampling.temperature >= 0 && std::isfinite(sampling.temperature) &&
                     sampling.top_p > 0 && within(sampling.top_p, 0, 1) &&
                     within(sampling.min_p, 0, 1) && sampling.repetition_penalty > 0 &&
                     std::isfinite(sampling.repetition_penalty);
  if (!sound) throw std::invalid_argument("no such sampling");
}

}  // namespace

std::int64_t sample(const torch::Tensor& logits, double temperature, std::int64_t top_k, double u) {
  if (!(temperature >= 0) || std::isinf(temperature)) {
    throw std::invalid_argument("no such temperature");
  }
  Row row = row_of(logits);
  require_distribution(row);
  return draw(std::move(row), temperature, {.top_k = top_k}, u);
}

Tokens sample_batch(const torch::Tensor& logits, const std::vector<Tokens>& prompts,
                    const std::vector<Tokens>& outputs, const Sampling& sampling,
                    const std::vector<double>& u) {
  require_sampling(sampling);
  std::vector<Row> rows;
  for (std::int64_t b = 0; b < logits.size(0); ++b) {
    rows.push_back(row_of(logits[b]));
    require_distribution(rows.back());
  }
  Tokens ids;
  for (std::size_t b = 0; b < rows.size(); ++b) {
    penalise(rows[b], prompts[b], outputs[b], sampling.repetition_penalty);
    ids.push_back(draw(std::move(rows[b]), sampling.temperature,
                       {sampling.top_k, sampling.top_p, sampling.min_p}, u[b]));
  }
  return ids;
}

}  // namespace kata
