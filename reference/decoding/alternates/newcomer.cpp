#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr double kMinusInf = -std::numeric_limits<double>::infinity();

/// One row of logits as doubles: every difference and quotient of float32 values stays finite
/// there. A copy, so the model's memory is safe. Refuses what cannot be decoded.
std::vector<double> read_scores(const torch::Tensor& row) {
  const torch::Tensor dense = row.contiguous();
  const float* data = dense.const_data_ptr<float>();
  std::vector<double> scores(data, data + dense.numel());
  bool any = false;
  for (double s : scores) {
    if (std::isnan(s)) throw std::domain_error("logits: NaN");
    any = any || s != kMinusInf;
  }
  if (!any) throw std::domain_error("logits: -inf throughout");
  return scores;
}

/// The first of the largest.
std::int64_t argmax(const std::vector<double>& scores) {
  return std::max_element(scores.begin(), scores.end()) - scores.begin();
}

}  // namespace

Tokens greedy(Model& model, const Tokens& prompt, std::int64_t max_new_tokens, std::int64_t eos) {
  if (prompt.empty()) throw std::invalid_argument("greedy: empty prompt");
  if (max_new_tokens < 0) throw std::invalid_argument("greedy: max_new_tokens < 0");

  Tokens sequence = prompt;
  Tokens fresh;
  while (static_cast<std::int64_t>(fresh.size()) < max_new_tokens) {
    const torch::Tensor logits = model.forward(sequence);
    const std::int64_t next = argmax(read_scores(logits.select(0, -1)));
    sequence.push_back(next);
    fresh.push_back(next);
    if (next == eos) break;
  }
  return fresh;
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

// From here on a filter drops an id by setting its score to -inf.

void check_temperature(double temperature) {
  if (!std::isfinite(temperature) || temperature < 0)
    throw std::invalid_argument("temperature must be finite and >= 0");
}

void apply_temperature(std::vector<double>& scores, double temperature) {
  for (double& s : scores) s /= temperature;
}

void keep_top_k(std::vector<double>& scores, std::int64_t k) {
  if (k <= 0 || k >= static_cast<std::int64_t>(scores.size())) return;
  std::vector<double> ordered = scores;
  const auto kth = ordered.begin() + (k - 1);
  std::nth_element(ordered.begin(), kth, ordered.end(), std::greater<>());
  const double border = *kth;  // -inf if fewer than k are finite: then those all stay
  for (double& s : scores)
    if (s < border) s = kMinusInf;
}

/// Softmax without the division: the largest gets 1. Whoever uses it scales by the total.
std::vector<double> weights_of(const std::vector<double>& scores) {
  const double top = *std::max_element(scores.begin(), scores.end());
  std::vector<double> weights(scores.size());
  std::transform(scores.begin(), scores.end(), weights.begin(),
                 [top](double s) { return std::exp(s - top); });
  return weights;
}

std::int64_t draw(const std::vector<double>& weights, double u) {
  const double target = u * std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  std::int64_t last_possible = -1;
  for (std::size_t id = 0; id < weights.size(); ++id) {
    if (weights[id] <= 0) continue;
    sum += weights[id];
    last_possible = static_cast<std::int64_t>(id);
    if (sum > target) break;
  }
  return last_possible;  // also where rounding left the whole sum at the target
}

}  // namespace

std::int64_t sample(const torch::Tensor& logits, double temperature, std::int64_t top_k, double u) {
  check_temperature(temperature);
  std::vector<double> scores = read_scores(logits);
  if (temperature == 0) return argmax(scores);
  apply_temperature(scores, temperature);
  keep_top_k(scores, top_k);
  return draw(weights_of(scores), u);
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {
namespace {

// The comparisons are written so that a NaN fails them.
void check_sampling(const Sampling& s) {
  check_temperature(s.temperature);
  if (!(s.top_p > 0 && s.top_p <= 1)) throw std::invalid_argument("top_p must be in (0, 1]");
  if (!(s.min_p >= 0 && s.min_p <= 1)) throw std::invalid_argument("min_p must be in [0, 1]");
  if (!(s.repetition_penalty > 0 && std::isfinite(s.repetition_penalty)))
    throw std::invalid_argument("repetition_penalty must be finite and > 0");
}

void penalise(std::vector<double>& scores, const Tokens& prompt, const Tokens& output,
              double penalty) {
  if (penalty == 1) return;
  std::vector<bool> seen(scores.size(), false);
  for (const Tokens* tokens : {&prompt, &output}) {
    for (std::int64_t id : *tokens) {
      if (seen[id]) continue;
      seen[id] = true;
      double& s = scores[id];
      s = s > 0 ? s / penalty : s * penalty;
    }
  }
}

void keep_top_p(std::vector<double>& scores, double top_p) {
  if (top_p >= 1) return;
  const std::vector<double> weights = weights_of(scores);
  std::vector<std::int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return scores[a] > scores[b]; });

  const double target = top_p * std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  std::size_t kept = 0;
  while (kept < order.size()) {
    sum += weights[order[kept++]];
    if (sum >= target) break;
  }
  for (; kept < order.size(); ++kept) scores[order[kept]] = kMinusInf;
}

void keep_min_p(std::vector<double>& scores, double min_p) {
  if (min_p <= 0) return;
  const std::vector<double> weights = weights_of(scores);  // the largest is exactly 1
  for (std::size_t id = 0; id < scores.size(); ++id)
    if (weights[id] < min_p) scores[id] = kMinusInf;
}

/// One row of sample_batch; `sampling` has been checked.
std::int64_t sample_row(const torch::Tensor& logits, const Tokens& prompt, const Tokens& output,
                        const Sampling& sampling, double u) {
  std::vector<double> scores = read_scores(logits);
  penalise(scores, prompt, output, sampling.repetition_penalty);
  if (sampling.temperature == 0) return argmax(scores);
  apply_temperature(scores, sampling.temperature);
  keep_top_k(scores, sampling.top_k);
  keep_top_p(scores, sampling.top_p);
  keep_min_p(scores, sampling.min_p);
  return draw(weights_of(scores), u);
}

}  // namespace

Tokens sample_batch(const torch::Tensor& logits, const std::vector<Tokens>& prompts,
                    const std::vector<Tokens>& outputs, const Sampling& sampling,
                    const std::vector<double>& u) {
  check_sampling(sampling);
  Tokens drawn;
  for (std::int64_t b = 0; b < logits.size(0); ++b)
    drawn.push_back(sample_row(logits.select(0, b), prompts[b], outputs[b], sampling, u[b]));
  return drawn;
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {
namespace {

bool ends_with(const Tokens& tokens, const Tokens& tail) {
  return tail.size() <= tokens.size() && std::equal(tail.rbegin(), tail.rend(), tokens.rbegin());
}

bool is_finished(const Tokens& fresh, const GenerationOptions& options) {
  if (static_cast<std::int64_t>(fresh.size()) >= options.max_new_tokens) return true;
  if (fresh.back() == options.eos) return true;
  return std::any_of(options.stop_sequences.begin(), options.stop_sequences.end(),
                     [&](const Tokens& stop) { return ends_with(fresh, stop); });
}

}  // namespace

std::vector<Tokens> generate(CachedModel& model, const std::vector<Tokens>& prompts,
                             const GenerationOptions& options, const Uniform& uniform) {
  const auto empty = [](const Tokens& t) { return t.empty(); };
  if (std::any_of(prompts.begin(), prompts.end(), empty))
    throw std::invalid_argument("generate: empty prompt");
  if (std::any_of(options.stop_sequences.begin(), options.stop_sequences.end(), empty))
    throw std::invalid_argument("generate: empty stop sequence");
  if (options.max_new_tokens < 0) throw std::invalid_argument("generate: max_new_tokens < 0");
  check_sampling(options.sampling);

  std::vector<Tokens> results(prompts.size());
  if (options.max_new_tokens == 0) return results;

  std::vector<std::int64_t> active(prompts.size());  // unfinished rows, ascending
  std::iota(active.begin(), active.end(), 0);
  std::vector<Tokens> feed = prompts;  // feed[i] goes to row active[i]

  while (!active.empty()) {
    const torch::Tensor logits = model.forward(active, feed);
    std::vector<std::int64_t> still_active;
    feed.clear();
    for (std::size_t i = 0; i < active.size(); ++i) {
      const std::int64_t row = active[i];
      Tokens& fresh = results[row];
      const double u = uniform(row, static_cast<std::int64_t>(fresh.size()));
      const std::int64_t id = sample_row(logits.select(0, static_cast<std::int64_t>(i)),
                                         prompts[row], fresh, options.sampling, u);
      fresh.push_back(id);
      if (is_finished(fresh, options)) continue;
      still_active.push_back(row);
      feed.push_back({id});
    }
    active = std::move(still_active);
  }
  return results;
}

}  // namespace kata
