#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

std::int64_t size(const Tokens& tokens) {
  return static_cast<std::int64_t>(tokens.size());
}

Tokens joined(Tokens tokens, const Tokens& more) {
  tokens.insert(tokens.end(), more.begin(), more.end());
  return tokens;
}

/// A model and how long its cache is. It is always shown the whole sequence and feeds what is
/// missing: one token, two after a round in which all proposals were accepted (the last proposal
/// was never fed to the draft), or a whole prompt, all by the same line.
class Reader {
 public:
  explicit Reader(CachedModel& model) : model_(model) {}

  /// Logits; the last row scores what comes after the whole sequence.
  torch::Tensor read(const Tokens& sequence) {
    const Tokens missing(sequence.begin() + cached_, sequence.end());
    cached_ = size(sequence);
    return model_.forward(missing);
  }

  /// Drops all but the first `length` tokens. A cache may be shorter than that already.
  void keep(std::int64_t length) {
    if (cached_ <= length) return;
    model_.rollback(length);
    cached_ = length;
  }

 private:
  CachedModel& model_;
  std::int64_t cached_ = 0;
};

/// The logits of one position in float64, in which every float32 is exact. It is a copy, so it
/// outlives the model's memory. Refused is what leaves no largest logit.
std::vector<double> checked_logits(const torch::Tensor& row) {
  const torch::Tensor copy = row.to(torch::kFloat64).contiguous();
  const double* begin = copy.data_ptr<double>();
  std::vector<double> logits(begin, begin + copy.numel());
  bool any_finite = false;
  for (const double logit : logits) {
    if (std::isnan(logit)) throw std::domain_error("a logit is NaN");
    any_finite = any_finite || std::isfinite(logit);
  }
  if (!any_finite) throw std::domain_error("all logits are -inf");
  return logits;
}

/// std::max_element returns the first of equal elements: ties go to the lowest id.
std::int64_t largest(const torch::Tensor& row) {
  const std::vector<double> logits = checked_logits(row);
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

/// Step 1 of a round: the draft runs ahead by up to `count` tokens. `choose` picks a token from a
/// row of logits. What would follow a proposed EOS is of no use, accepted or not.
template <typename Choose>
Tokens propose(Reader& draft, const Tokens& sequence, std::int64_t count, std::int64_t eos,
               Choose choose) {
  Tokens proposals;
  while (size(proposals) < count && (proposals.empty() || proposals.back() != eos)) {
    const torch::Tensor logits = draft.read(joined(sequence, proposals));
    proposals.push_back(choose(logits[-1]));
  }
  return proposals;
}

/// What became of a round's proposals. The count cannot be read off the tokens: a token drawn in
/// place of a rejected proposal may be the same id again.
struct Verdict {
  std::int64_t accepted = 0;
  Tokens tokens;  // that the round adds, at least one: the accepted ones and the target's own
};

/// The rounds of both levels. `judge` gets k + 1 rows of logits, row i scoring what comes after i
/// proposals, and the k proposals; it returns the verdict.
template <typename Choose, typename Judge>
Tokens speculate(CachedModel& target, CachedModel& draft, const Tokens& prompt,
                 std::int64_t draft_length, std::int64_t max_new_tokens, std::int64_t eos,
                 Choose choose, Judge judge) {
  if (prompt.empty()) throw std::invalid_argument("the prompt is empty");
  if (draft_length < 0) throw std::invalid_argument("draft_length is negative");
  if (max_new_tokens < 0) throw std::invalid_argument("max_new_tokens is negative");

  Reader of_target(target), of_draft(draft);
  Tokens sequence = prompt, output;
  while (size(output) < max_new_tokens && (output.empty() || output.back() != eos)) {
    // The target adds a token of its own to what it accepts: room for that one is kept. Then the
    // limit needs no other care.
    const std::int64_t count = std::min(draft_length, max_new_tokens - size(output) - 1);
    const Tokens proposals = propose(of_draft, sequence, count, eos, choose);

    // One call scores them all. Row i of its last k + 1 knows the tokens up to the i-th proposal.
    const torch::Tensor logits = of_target.read(joined(sequence, proposals));
    const std::int64_t first = logits.size(0) - 1 - size(proposals);
    const Verdict verdict = judge(logits.slice(/*dim=*/0, first), proposals);

    // The caches keep what was accepted. The target's own token is in neither of them.
    const std::int64_t valid = size(sequence) + verdict.accepted;
    of_target.keep(valid);
    of_draft.keep(valid);
    sequence = joined(sequence, verdict.tokens);
    output = joined(output, verdict.tokens);
  }
  return output;
}

}  // namespace

Tokens speculative_greedy(CachedModel& target, CachedModel& draft, const Tokens& prompt,
                          std::int64_t draft_length, std::int64_t max_new_tokens,
                          std::int64_t eos) {
  // Whether a proposal is accepted, replaced or followed by a bonus, the token is the target's
  // choice. The proposals only say how many rows may be read: those up to the first difference.
  const auto judge = [&](const torch::Tensor& logits, const Tokens& proposals) {
    Verdict verdict;
    for (const std::int64_t proposal : proposals) {
      verdict.tokens.push_back(largest(logits[verdict.accepted]));
      if (verdict.tokens.back() != proposal) return verdict;
      ++verdict.accepted;
      if (proposal == eos) return verdict;
    }
    verdict.tokens.push_back(largest(logits[verdict.accepted]));
    return verdict;
  };
  return speculate(target, draft, prompt, draft_length, max_new_tokens, eos, largest, judge);
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

using Weights = std::vector<double>;  // of the ids; they need not sum to 1

/// The softmax of a row of logits. The largest is shifted to 0 first, where exp is 1: it cannot
/// overflow, and the sum is at least 1.
Weights probabilities(const torch::Tensor& row) {
  Weights weights = checked_logits(row);
  const double peak = *std::max_element(weights.begin(), weights.end());
  for (double& weight : weights) weight = std::exp(weight - peak);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= total;
  return weights;
}

/// Inverse CDF: id owns the interval from the sum before it up to, not including, the sum with it,
/// in parts of the total. "Exceeds" makes weight 0 own nothing, even at u = 0; should rounding
/// leave the last sum below, the last id that owns something gets it.
std::int64_t draw(const Weights& weights, double u) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double cumulative = 0;
  std::int64_t last = -1;
  for (std::size_t id = 0; id < weights.size(); ++id) {
    if (weights[id] == 0) continue;
    last = static_cast<std::int64_t>(id);
    cumulative += weights[id];
    if (cumulative / total > u) break;
  }
  return last;
}

/// What the draft gives too little of. Accepting min(p, q) and drawing the rest from here adds up
/// to p: min(p, q) + max(p − q, 0) = p. Drawing the rest from p would count min(p, q) twice.
Weights residual(const Weights& p, const Weights& q) {
  Weights rest;
  for (std::size_t id = 0; id < p.size(); ++id) rest.push_back(std::max(p[id] - q[id], 0.0));
  const bool nothing = std::none_of(rest.begin(), rest.end(), [](double w) { return w > 0; });
  return nothing ? p : rest;  // p ≤ q everywhere: they are equal but for rounding
}

/// `p_of(i)` and `q_of(i)` are asked for the rows that are looked at and no others: a row after a
/// rejected proposal may be nonsense.
template <typename Row>
Verdict verify_rows(Row p_of, Row q_of, const Tokens& proposals, std::int64_t eos,
                    const Uniform& uniform) {
  for (std::int64_t i = 0; i < size(proposals); ++i) {
    const auto place = proposals.begin() + i;
    const auto x = static_cast<std::size_t>(*place);
    const Weights p = p_of(i), q = q_of(i);
    // u < p / q without the division: q = 0 needs no case, and p = 0 is refused even by u = 0.
    if (uniform() * q[x] < p[x]) {
      if (*place == eos) return {i + 1, {proposals.begin(), place + 1}};
      continue;
    }
    return {i, joined({proposals.begin(), place}, {draw(residual(p, q), uniform())})};
  }
  const std::int64_t k = size(proposals);
  return {k, joined(proposals, {draw(p_of(k), uniform())})};
}

}  // namespace

Tokens verify(const torch::Tensor& p, const torch::Tensor& q, const Tokens& proposals,
              std::int64_t eos, const Uniform& uniform) {
  const auto row_of = [](const torch::Tensor& matrix) -> std::function<Weights(std::int64_t)> {
    return [matrix](std::int64_t i) {
      const torch::Tensor row = matrix[i].contiguous();
      return Weights(row.data_ptr<double>(), row.data_ptr<double>() + row.numel());
    };
  };
  return verify_rows(row_of(p), row_of(q), proposals, eos, uniform).tokens;
}

Tokens speculative_sample(CachedModel& target, CachedModel& draft, const Tokens& prompt,
                          std::int64_t draft_length, std::int64_t max_new_tokens, std::int64_t eos,
                          const Uniform& uniform) {
  std::vector<Weights> q;  // of this round; the draft's own memory does not last that long
  const auto choose = [&](const torch::Tensor& row) {
    q.push_back(probabilities(row));
    return draw(q.back(), uniform());
  };
  const auto judge = [&](const torch::Tensor& logits, const Tokens& proposals) {
    using RowOf = std::function<Weights(std::int64_t)>;
    const RowOf p_of = [&](std::int64_t i) { return probabilities(logits[i]); };
    const RowOf q_of = [&](std::int64_t i) { return q[static_cast<std::size_t>(i)]; };
    const Verdict verdict = verify_rows(p_of, q_of, proposals, eos, uniform);
    q.clear();
    return verdict;
  };
  return speculate(target, draft, prompt, draft_length, max_new_tokens, eos, choose, judge);
}

}  // namespace kata
