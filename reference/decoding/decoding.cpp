#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <set>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

/// The logits of one position in float64: every float32 is exact there, and the sums that follow
/// are good to more digits than anybody asks for. It is a copy, so nothing done to it is seen by
/// the model. Refused is what leaves no largest logit.
std::vector<double> checked_logits(const torch::Tensor& row) {
  const torch::Tensor copy = row.to(torch::kFloat64).contiguous();
  const double* begin = copy.data_ptr<double>();
  std::vector<double> logits(begin, begin + copy.numel());
  bool any_finite = false;
  for (const double logit : logits) {
    if (std::isnan(logit)) throw std::domain_error("a logit is NaN");
    any_finite = any_finite || logit > kMinusInfinity;
  }
  if (!any_finite) throw std::domain_error("all logits are -inf");
  return logits;
}

/// std::max_element returns the first of equal elements: ties go to the lowest id.
std::int64_t largest(const std::vector<double>& logits) {
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

}  // namespace

Tokens greedy(Model& model, const Tokens& prompt, std::int64_t max_new_tokens, std::int64_t eos) {
  if (prompt.empty()) throw std::invalid_argument("the prompt is empty");
  if (max_new_tokens < 0) throw std::invalid_argument("max_new_tokens is negative");

  Tokens sequence = prompt, output;
  // The limit is tested before a call and EOS after a choice, so that no call is in vain.
  while (static_cast<std::int64_t>(output.size()) < max_new_tokens) {
    const torch::Tensor logits = model.forward(sequence);  // (T, V)
    const std::int64_t token = largest(checked_logits(logits[-1]));
    output.push_back(token);
    if (token == eos) break;
    sequence.push_back(token);
  }
  return output;
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

void require_temperature(double temperature) {
  // Written so that NaN, for which every comparison is false, is refused too.
  if (!(temperature >= 0 && std::isfinite(temperature))) {
    throw std::invalid_argument("the temperature must be finite and not negative");
  }
}

/// Hides (at −∞, probability 0) the logits below the k-th largest. A border is compared with, not
/// positions in a sorted list: so ties with the k-th stay.
void keep_top_k(std::vector<double>& logits, std::int64_t k) {
  if (k <= 0 || k >= static_cast<std::int64_t>(logits.size())) return;
  std::vector<double> sorted = logits;
  const auto kth = sorted.begin() + (k - 1);
  std::nth_element(sorted.begin(), kth, sorted.end(), std::greater<>());
  for (double& logit : logits) {
    if (logit < *kth) logit = kMinusInfinity;
  }
}

/// Makes the weights sum to 1.
void renormalise(std::vector<double>& weights) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= total;
}

/// The softmax of logits / temperature. The largest logit is shifted to 0 first, where exp is 1: it
/// cannot overflow, and the sum is at least 1.
std::vector<double> probabilities(const std::vector<double>& logits, double temperature) {
  const double peak = *std::max_element(logits.begin(), logits.end());
  std::vector<double> weights;
  weights.reserve(logits.size());
  for (const double logit : logits) weights.push_back(std::exp((logit - peak) / temperature));
  renormalise(weights);
  return weights;
}

/// Inverse CDF: probability id owns the interval from the sum before it up to, not including, the
/// sum with it. "Exceeds" makes probability 0 own nothing, even at u = 0; should rounding leave the
/// total below u, the last id that owns something gets it.
std::int64_t draw(const std::vector<double>& weights, double u) {
  double cumulative = 0;
  std::int64_t last = -1;
  for (std::size_t id = 0; id < weights.size(); ++id) {
    if (weights[id] == 0) continue;
    last = static_cast<std::int64_t>(id);
    cumulative += weights[id];
    if (cumulative > u) break;
  }
  return last;
}

}  // namespace

std::int64_t sample(const torch::Tensor& logits, double temperature, std::int64_t top_k, double u) {
  require_temperature(temperature);
  std::vector<double> row = checked_logits(logits);
  if (temperature == 0) return largest(row);
  keep_top_k(row, top_k);  // dividing by the temperature first would keep the same ids
  return draw(probabilities(row, temperature), u);
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {
namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

void require_sound(const Sampling& sampling) {
  require_temperature(sampling.temperature);
  require(sampling.top_p > 0 && sampling.top_p <= 1, "top_p must be in (0, 1]");
  require(sampling.min_p >= 0 && sampling.min_p <= 1, "min_p must be in [0, 1]");
  require(sampling.repetition_penalty > 0 && std::isfinite(sampling.repetition_penalty),
          "the repetition penalty must be positive and finite");
}

/// Makes ids that were seen less likely. Dividing a negative logit would do the opposite. The set
/// is what makes an id that occurs twice count once.
void penalise(std::vector<double>& logits, const std::set<std::int64_t>& seen, double penalty) {
  for (const std::int64_t id : seen) {
    double& logit = logits[static_cast<std::size_t>(id)];
    logit = logit > 0 ? logit / penalty : logit * penalty;
  }
}

/// Top-p: the fewest of the most probable ids that together reach p. The sort is stable, so equal
/// probabilities stay in the order of ids.
void keep_nucleus(std::vector<double>& weights, double p) {
  if (p == 1) return;  // off: not a matter of how the sum was rounded
  std::vector<std::size_t> ids(weights.size());
  std::iota(ids.begin(), ids.end(), std::size_t{0});
  std::stable_sort(ids.begin(), ids.end(),
                   [&](std::size_t a, std::size_t b) { return weights[a] > weights[b]; });
  double cumulative = 0;
  for (const std::size_t id : ids) {
    const bool reached = cumulative >= p;  // before this id: the one that reaches p stays
    cumulative += weights[id];
    if (reached) weights[id] = 0;
  }
}

void keep_min_p(std::vector<double>& weights, double min_p) {
  const double border = min_p * *std::max_element(weights.begin(), weights.end());
  for (double& weight : weights) {
    if (weight < border) weight = 0;
  }
}

std::int64_t sample_row(const torch::Tensor& row, const Tokens& prompt, const Tokens& output,
                        const Sampling& sampling, double u) {
  std::vector<double> logits = checked_logits(row);
  std::set<std::int64_t> seen(prompt.begin(), prompt.end());
  seen.insert(output.begin(), output.end());
  penalise(logits, seen, sampling.repetition_penalty);
  if (sampling.temperature == 0) return largest(logits);

  keep_top_k(logits, sampling.top_k);
  std::vector<double> weights = probabilities(logits, sampling.temperature);
  keep_nucleus(weights, sampling.top_p);
  renormalise(weights);
  keep_min_p(weights, sampling.min_p);
  renormalise(weights);
  return draw(weights, u);
}

}  // namespace

Tokens sample_batch(const torch::Tensor& logits, const std::vector<Tokens>& prompts,
                    const std::vector<Tokens>& outputs, const Sampling& sampling,
                    const std::vector<double>& u) {
  require_sound(sampling);
  Tokens drawn;
  for (std::size_t b = 0; b < u.size(); ++b) {
    const torch::Tensor row = logits[static_cast<std::int64_t>(b)];
    drawn.push_back(sample_row(row, prompts[b], outputs[b], sampling, u[b]));
  }
  return drawn;
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {
namespace {

bool ends_with(const Tokens& tokens, const Tokens& sequence) {
  return tokens.size() >= sequence.size() &&
         std::equal(sequence.rbegin(), sequence.rend(), tokens.rbegin());
}

/// Looks at the new tokens alone: neither EOS nor a stop sequence counts in the prompt. The end of
/// them is compared anew at every step, which no overlap can confuse.
bool is_finished(const Tokens& output, const GenerationOptions& options) {
  if (static_cast<std::int64_t>(output.size()) >= options.max_new_tokens) return true;
  if (!output.empty() && output.back() == options.eos) return true;
  return std::any_of(options.stop_sequences.begin(), options.stop_sequences.end(),
                     [&](const Tokens& sequence) { return ends_with(output, sequence); });
}

void require_sound(const std::vector<Tokens>& prompts, const GenerationOptions& options) {
  const auto is_empty = [](const Tokens& tokens) { return tokens.empty(); };
  const std::vector<Tokens>& stops = options.stop_sequences;
  require(std::none_of(prompts.begin(), prompts.end(), is_empty), "a prompt is empty");
  require(std::none_of(stops.begin(), stops.end(), is_empty), "a stop sequence is empty");
  require(options.max_new_tokens >= 0, "max_new_tokens is negative");
  require_sound(options.sampling);
}

}  // namespace

std::vector<Tokens> generate(CachedModel& model, const std::vector<Tokens>& prompts,
                             const GenerationOptions& options, const Uniform& uniform) {
  require_sound(prompts, options);
  std::vector<Tokens> outputs(prompts.size());
  std::vector<Tokens> unread = prompts;  // of each row, what the model has not been fed yet

  while (true) {
    // Row i of what goes in and comes out belongs to prompt rows[i]; the two indices part as soon
    // as a row has finished.
    std::vector<std::int64_t> rows;
    std::vector<Tokens> fed;
    for (std::size_t row = 0; row < prompts.size(); ++row) {
      if (is_finished(outputs[row], options)) continue;
      rows.push_back(static_cast<std::int64_t>(row));
      fed.push_back(unread[row]);
    }
    if (rows.empty()) return outputs;

    const torch::Tensor logits = model.forward(rows, fed);  // (rows.size(), V)
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = static_cast<std::size_t>(rows[i]);
      const auto step = static_cast<std::int64_t>(outputs[row].size());
      const torch::Tensor scores = logits[static_cast<std::int64_t>(i)];
      const double u = uniform(rows[i], step);
      const std::int64_t token =
          sample_row(scores, prompts[row], outputs[row], options.sampling, u);
      outputs[row].push_back(token);
      unread[row] = {token};
    }
  }
}

}  // namespace kata
