#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
constexpr std::int64_t kNoToken = -1;  // no id is negative

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

/// The log-softmax of the logits of one position, in float64. It is computed as logit − log Σ exp,
/// never as the logarithm of a probability: that would be log 0 for a probability below 1e-308.
/// The largest logit is shifted to 0 for the sum, where exp is 1 and cannot overflow.
std::vector<double> log_probabilities(const torch::Tensor& row) {
  const torch::Tensor copy = row.to(torch::kFloat64).contiguous();
  const double* begin = copy.data_ptr<double>();
  std::vector<double> logits(begin, begin + copy.numel());
  double peak = kMinusInfinity;
  for (const double logit : logits) {
    if (std::isnan(logit)) throw std::domain_error("a logit is NaN");
    peak = std::max(peak, logit);
  }
  if (peak == kMinusInfinity) throw std::domain_error("all logits are -inf");

  double total = 0;
  for (const double logit : logits) total += std::exp(logit - peak);
  for (double& logit : logits) logit -= peak + std::log(total);
  return logits;
}

/// A hypothesis that the next beam may hold: number `parent` of this one with `token` appended, or
/// as it is (kNoToken). The tokens are copied for the few that are chosen, not for each candidate.
struct Candidate {
  double log_prob;
  std::size_t parent;
  std::int64_t token;
};

/// A total order, so that no two searches can differ: ties go by parent, then by id.
bool ranks_before(const Candidate& a, const Candidate& b) {
  if (a.log_prob != b.log_prob) return a.log_prob > b.log_prob;
  if (a.parent != b.parent) return a.parent < b.parent;
  return a.token < b.token;
}

/// Sorts the best `count` to the front and drops the rest: n log(count) instead of n log(n).
void keep_best(std::vector<Candidate>& candidates, std::size_t count) {
  count = std::min(count, candidates.size());
  const auto border = candidates.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(candidates.begin(), border, candidates.end(), ranks_before);
  candidates.resize(count);
}

/// All extensions of a hypothesis by one id. Sums of logarithms do not underflow; the product of a
/// few hundred probabilities is 0.
void append_extensions(std::vector<Candidate>& candidates, double log_prob, std::size_t parent,
                       const torch::Tensor& logits) {
  const std::vector<double> steps = log_probabilities(logits);
  for (std::size_t id = 0; id < steps.size(); ++id) {
    if (steps[id] == kMinusInfinity) continue;  // impossible, however much room there is
    candidates.push_back({log_prob + steps[id], parent, static_cast<std::int64_t>(id)});
  }
}

Hypothesis chosen(const std::vector<Hypothesis>& beam, const Candidate& candidate) {
  Hypothesis next = beam[candidate.parent];
  next.score = candidate.log_prob;
  if (candidate.token != kNoToken) next.tokens.push_back(candidate.token);
  return next;
}

}  // namespace

std::vector<Hypothesis> beam_search(Model& model, const Tokens& prompt, std::int64_t width,
                                    std::int64_t max_new_tokens, std::int64_t eos) {
  require(!prompt.empty(), "the prompt is empty");
  require(width >= 1, "the width is below 1");
  require(max_new_tokens >= 0, "max_new_tokens is negative");
  const auto is_finished = [&](const Hypothesis& hypothesis) {
    return !hypothesis.tokens.empty() && hypothesis.tokens.back() == eos;
  };

  std::vector<Hypothesis> beam(1);  // one: `width` equal ones would stay equal for ever
  for (std::int64_t step = 0; step < max_new_tokens; ++step) {
    if (std::all_of(beam.begin(), beam.end(), is_finished)) break;
    std::vector<Candidate> candidates;
    for (std::size_t place = 0; place < beam.size(); ++place) {
      if (is_finished(beam[place])) {
        candidates.push_back({beam[place].score, place, kNoToken});
        continue;
      }
      Tokens sequence = prompt;
      sequence.insert(sequence.end(), beam[place].tokens.begin(), beam[place].tokens.end());
      const torch::Tensor logits = model.forward(sequence);  // (T, V)
      append_extensions(candidates, beam[place].score, place, logits[-1]);
    }
    // One ranking over all of them: a good hypothesis may have several successors, a bad one none.
    keep_best(candidates, static_cast<std::size_t>(width));
    std::vector<Hypothesis> next;
    for (const Candidate& candidate : candidates) next.push_back(chosen(beam, candidate));
    beam = std::move(next);
  }
  return beam;
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

/// log_prob / length^α. A log_prob is negative, so dividing it by more makes it better: α > 0
/// favours long hypotheses. Without tokens it is 0, where 0 / 0^α would be NaN.
Hypothesis scored(const Hypothesis& hypothesis, double length_penalty) {
  if (hypothesis.tokens.empty()) return hypothesis;
  const auto length = static_cast<double>(hypothesis.tokens.size());
  return {hypothesis.tokens, hypothesis.score / std::pow(length, length_penalty)};
}

/// Where the search stands. The live hypotheses carry their log_prob as score: all of one step are
/// equally long, so the penalty could not change their order. Those set aside carry their score.
struct Search {
  std::vector<Hypothesis> live, set_aside;
  std::vector<std::int64_t> parents;  // of the live ones, among those of the step before
};

/// The choice of one step, from candidates in the order of their rank.
void choose(Search& search, const std::vector<Candidate>& ranking, const BeamOptions& options) {
  const auto width = static_cast<std::size_t>(options.width);
  std::vector<Hypothesis> live;
  search.parents.clear();
  for (std::size_t rank = 0; rank < ranking.size(); ++rank) {
    const Candidate& candidate = ranking[rank];
    const Hypothesis next = chosen(search.live, candidate);
    if (candidate.token == options.eos) {
      if (rank < width) search.set_aside.push_back(scored(next, options.length_penalty));
    } else if (live.size() < width) {
      live.push_back(next);
      search.parents.push_back(static_cast<std::int64_t>(candidate.parent));
    }
  }
  search.live = std::move(live);
}

/// The end of a search: the stable sort leaves equal scores in the order of being set aside.
std::vector<Hypothesis> result(Search& search, const BeamOptions& options) {
  const auto width = static_cast<std::size_t>(options.width);
  std::vector<Hypothesis>& all = search.set_aside;
  if (all.size() < width) {
    for (const Hypothesis& live : search.live) all.push_back(scored(live, options.length_penalty));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
  if (all.size() > width) all.resize(width);
  return all;
}

}  // namespace

std::vector<Hypothesis> beam_search_cached(CachedModel& model, const Tokens& prompt,
                                           const BeamOptions& options) {
  require(!prompt.empty(), "the prompt is empty");
  require(options.width >= 1, "the width is below 1");
  require(options.max_new_tokens >= 0, "max_new_tokens is negative");
  require(std::isfinite(options.length_penalty), "the length penalty must be finite");
  const auto width = static_cast<std::size_t>(options.width);

  Search search;
  search.live.resize(1);
  for (std::int64_t step = 0; step < options.max_new_tokens; ++step) {
    // After a reorder row i is the cache of live hypothesis i, all but its last token.
    if (step > 0) model.reorder(search.parents);
    std::vector<Tokens> fed;
    for (const Hypothesis& live : search.live) {
      fed.push_back(step == 0 ? prompt : Tokens{live.tokens.back()});
    }
    const torch::Tensor logits = model.forward(fed);  // (live.size(), V)

    std::vector<Candidate> candidates;
    for (std::size_t row = 0; row < search.live.size(); ++row) {
      append_extensions(candidates, search.live[row].score, row,
                        logits[static_cast<std::int64_t>(row)]);
    }
    // Each live hypothesis has one extension by EOS, so this many hold `width` others if there are.
    keep_best(candidates, width + search.live.size());
    choose(search, candidates, options);
    if (search.set_aside.size() >= width || search.live.empty()) break;
  }
  return result(search, options);
}

}  // namespace kata
