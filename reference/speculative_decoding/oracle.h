#pragma once

// What the checks expect, in float64 and in their own code: choices, draws, the tokens of a round,
// and the calls that the rounds make.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "scripted_logits.h"

namespace oracle {

using logits::Next;
using logits::Row;
using logits::Tokens;
using Probabilities = std::vector<double>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline std::int64_t argmax(const Row& row) {
  return std::max_element(row.begin(), row.end()) - row.begin();  // the first of equals
}

inline Probabilities softmax(const Row& row) {
  const double peak = *std::max_element(row.begin(), row.end());
  Probabilities p;
  double total = 0;
  for (const float logit : row) total += p.emplace_back(std::exp(logit - peak));
  for (double& entry : p) entry /= total;
  return p;
}

inline double sum(const Probabilities& weights) {
  double total = 0;
  for (const double weight : weights) total += weight;
  return total;
}

/// The smallest id whose cumulative probability exceeds u, or the last that has a weight.
inline std::int64_t draw(const Probabilities& weights, double u) {
  const double total = sum(weights);
  double cumulative = 0;
  std::int64_t last = -1;
  for (std::size_t id = 0; id < weights.size(); ++id) {
    if (!(weights[id] > 0)) continue;
    last = static_cast<std::int64_t>(id);
    cumulative += weights[id] / total;
    if (cumulative > u) return last;
  }
  return last;
}

/// The distance of u to the nearest cumulative probability strictly inside (0, 1).
inline double distance_to_border(const Probabilities& weights, double u) {
  const double total = sum(weights);
  double nearest = kInfinity, cumulative = 0;
  for (const double weight : weights) {
    cumulative += weight / total;
    if (weight > 0 && cumulative < 1 - 1e-12) nearest = std::min(nearest, std::abs(cumulative - u));
  }
  return nearest;
}

/// max(p − q, 0), not renormalised.
inline Probabilities residual(const Probabilities& p, const Probabilities& q) {
  Probabilities rest;
  for (std::size_t id = 0; id < p.size(); ++id) rest.push_back(std::max(p[id] - q[id], 0.0));
  return rest;
}

/// Where a round's numbers come from: given, or made up on the way so that they keep clear of what
/// they decide.
struct Numbers {
  virtual ~Numbers() = default;
  virtual double to_accept(double p, double q) = 0;
  virtual double to_draw(const Probabilities& weights) = 0;
};

/// level2.h's verify.
inline Tokens verified(const std::function<Probabilities(std::size_t)>& p_of,
                       const std::vector<Probabilities>& q, const Tokens& proposals,
                       std::int64_t eos, Numbers& numbers) {
  Tokens tokens;
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    const std::int64_t x = proposals[i];
    const Probabilities p = p_of(i);
    const double px = p[static_cast<std::size_t>(x)], qx = q[i][static_cast<std::size_t>(x)];
    if (numbers.to_accept(px, qx) * qx < px) {
      tokens.push_back(x);
      if (x == eos) return tokens;
      continue;
    }
    const Probabilities rest = residual(p, q[i]);
    const Probabilities& source = sum(rest) > 0 ? rest : p;
    tokens.push_back(draw(source, numbers.to_draw(source)));
    return tokens;
  }
  const Probabilities bonus = p_of(proposals.size());
  tokens.push_back(draw(bonus, numbers.to_draw(bonus)));
  return tokens;
}

/// The arguments of one generation.
struct Generation {
  Next target, draft;
  Tokens prompt;
  std::int64_t draft_length = 0, max_new_tokens = 0, eos = -1;
};

/// One forward: how long the cache was, and what was fed.
struct Call {
  Tokens cached, fed;
  bool operator==(const Call&) const = default;
};

/// What one generation does.
struct Trace {
  Tokens output;
  std::vector<Call> target_calls, draft_calls;
  Tokens target_cache, draft_cache;  // at the end
};

/// How a model's cache stands to the tokens, for the calls that are expected of it.
class Cache {
 public:
  void read(const Tokens& sequence) {
    const auto length = static_cast<std::ptrdiff_t>(cached_.size());
    calls_.push_back({cached_, Tokens(sequence.begin() + length, sequence.end())});
    cached_ = sequence;
  }
  /// Drops what is not a beginning of `sequence`.
  void agree_with(const Tokens& sequence) {
    const auto end =
        std::mismatch(cached_.begin(), cached_.end(), sequence.begin(), sequence.end()).first;
    cached_.erase(end, cached_.end());
  }
  const std::vector<Call>& calls() const { return calls_; }
  const Tokens& cached() const { return cached_; }

 private:
  Tokens cached_;
  std::vector<Call> calls_;
};

using Choose = std::function<std::int64_t(const Row&)>;
/// The tokens of a round from the proposals and what the target says after i of them.
using Judge =
    std::function<Tokens(const std::function<Row(std::size_t)>& row_of, const Tokens& proposals)>;

inline Trace traced(const Generation& g, const Choose& choose, const Judge& judge) {
  Cache target, draft;
  Tokens sequence = g.prompt, output;
  while (static_cast<std::int64_t>(output.size()) < g.max_new_tokens &&
         (output.empty() || output.back() != g.eos)) {
    const std::int64_t left = g.max_new_tokens - static_cast<std::int64_t>(output.size());
    Tokens guess = sequence, proposals;
    while (static_cast<std::int64_t>(proposals.size()) < std::min(g.draft_length, left - 1)) {
      draft.read(guess);
      proposals.push_back(choose(g.draft(guess)));
      guess.push_back(proposals.back());
      if (proposals.back() == g.eos) break;
    }
    target.read(guess);
    const auto row_of = [&](std::size_t i) {
      const auto length = static_cast<std::ptrdiff_t>(sequence.size() + i);
      return g.target(Tokens(guess.begin(), guess.begin() + length));
    };
    for (const std::int64_t token : judge(row_of, proposals)) {
      sequence.push_back(token);
      output.push_back(token);
    }
    target.agree_with(sequence);
    draft.agree_with(sequence);
  }
  return {output, target.calls(), draft.calls(), target.cached(), draft.cached()};
}

inline Trace greedy(const Generation& g) {
  const auto judge = [&](const std::function<Row(std::size_t)>& row_of, const Tokens& proposals) {
    Tokens tokens;
    for (const std::int64_t proposal : proposals) {
      tokens.push_back(argmax(row_of(tokens.size())));
      if (tokens.back() != proposal || proposal == g.eos) return tokens;
    }
    tokens.push_back(argmax(row_of(proposals.size())));
    return tokens;
  };
  return traced(g, argmax, judge);
}

/// Greedy decoding without any draft: what the contract promises, by a second way.
inline Tokens plain_greedy(const Generation& g) {
  Tokens sequence = g.prompt, output;
  while (static_cast<std::int64_t>(output.size()) < g.max_new_tokens) {
    output.push_back(argmax(g.target(sequence)));
    sequence.push_back(output.back());
    if (output.back() == g.eos) break;
  }
  return output;
}

}  // namespace oracle
