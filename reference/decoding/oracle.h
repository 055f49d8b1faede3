#pragma once

// What the checks expect, in float64 and in their own code: the distribution that is left after all
// filters, draws from it, and how far an input is from where float32 and float64 may differ.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace oracle {

using Tokens = std::vector<std::int64_t>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The contract of level 3's Sampling, and of level 2 with the last three left alone.
struct Filters {
  double temperature = 1;
  std::int64_t top_k = 0;
  double top_p = 1;
  double min_p = 0;
  double penalty = 1;
};

/// Probabilities of all ids, exactly 0 for those that do not stay.
struct Distribution {
  std::vector<double> probabilities;
  /// How near the nearest decision was (a difference of probabilities, of ratios or of logits):
  /// below 1e-4 a float32 answer may rightly be another one. Equal logits are no near decision.
  double margin = kInfinity;
  std::vector<bool> stays;
  bool greedy = false;
};

inline std::int64_t argmax(const std::vector<double>& values) {
  return std::max_element(values.begin(), values.end()) - values.begin();  // the first of equals
}

inline std::vector<double> penalised(std::vector<double> logits, const std::set<std::int64_t>& seen,
                                     double penalty) {
  for (const std::int64_t id : seen) {
    double& logit = logits[static_cast<std::size_t>(id)];
    logit = logit > 0 ? logit / penalty : logit * penalty;
  }
  return logits;
}

/// Makes the probabilities of what stays sum to 1.
inline void renormalise(Distribution& d) {
  double total = 0;
  for (std::size_t id = 0; id < d.stays.size(); ++id) {
    if (!d.stays[id]) d.probabilities[id] = 0;
    total += d.probabilities[id];
  }
  for (double& p : d.probabilities) p /= total;
}

inline void apply_top_k(Distribution& d, const std::vector<double>& logits, std::int64_t k) {
  if (k <= 0 || k >= static_cast<std::int64_t>(logits.size())) return;
  std::vector<double> sorted = logits;
  const auto kth = sorted.begin() + (k - 1);
  std::nth_element(sorted.begin(), kth, sorted.end(), std::greater<>());
  const double border = *kth;
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (logits[id] < border) {
      d.stays[id] = false;
      d.margin = std::min(d.margin, border - logits[id]);
    } else if (logits[id] > border) {
      d.margin = std::min(d.margin, logits[id] - border);
    }
  }
}

inline void apply_top_p(Distribution& d, const std::vector<double>& logits, double p) {
  if (p == 1) return;
  std::vector<std::size_t> ids;
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (d.stays[id]) ids.push_back(id);
  }
  const auto before = [&](std::size_t a, std::size_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  };
  std::sort(ids.begin(), ids.end(), before);
  double cumulative = 0;
  bool open = true;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!open) d.stays[ids[i]] = false;
    cumulative += d.probabilities[ids[i]];
    d.margin = std::min(d.margin, std::abs(cumulative - p));
    if (open && cumulative >= p) {
      open = false;
      const double gap = i + 1 < ids.size() ? logits[ids[i]] - logits[ids[i + 1]] : kInfinity;
      if (gap > 0) d.margin = std::min(d.margin, gap);
    }
  }
}

inline void apply_min_p(Distribution& d, double min_p) {
  if (min_p == 0) return;
  const double top = *std::max_element(d.probabilities.begin(), d.probabilities.end());
  for (std::size_t id = 0; id < d.stays.size(); ++id) {
    if (!d.stays[id]) continue;
    const double ratio = d.probabilities[id] / top;
    if (ratio < min_p) d.stays[id] = false;
    if (ratio < 1) d.margin = std::min(d.margin, std::abs(ratio - min_p));
  }
}

/// At temperature 0 all probability is on the answer.
inline Distribution distribution(const std::vector<float>& row, const Tokens& prompt,
                                 const Tokens& output, const Filters& filters) {
  std::set<std::int64_t> seen(prompt.begin(), prompt.end());
  seen.insert(output.begin(), output.end());
  std::vector<double> logits = penalised({row.begin(), row.end()}, seen, filters.penalty);
  Distribution d;
  const std::int64_t best = argmax(logits);
  const double peak = logits[static_cast<std::size_t>(best)];
  if (filters.temperature == 0) {
    d.probabilities.assign(row.size(), 0);
    d.stays.assign(row.size(), false);
    d.greedy = true;
    d.probabilities[static_cast<std::size_t>(best)] = 1;
    d.stays[static_cast<std::size_t>(best)] = true;
    for (const double logit : logits) {
      if (logit < peak) d.margin = std::min(d.margin, peak - logit);
    }
    return d;
  }
  for (double& logit : logits) {
    logit = (logit - peak) / filters.temperature;  // a softmax does not see the shift
    d.probabilities.push_back(std::exp(logit));
    d.stays.push_back(logit != -kInfinity);
  }
  apply_top_k(d, logits, filters.top_k);
  renormalise(d);
  apply_top_p(d, logits, filters.top_p);
  renormalise(d);
  apply_min_p(d, filters.min_p);
  renormalise(d);
  return d;
}

/// Cumulative probabilities in the order of ids: entry id is the sum over 0 … id.
inline std::vector<double> cumulative(const std::vector<double>& probabilities) {
  std::vector<double> sums(probabilities.size());
  std::partial_sum(probabilities.begin(), probabilities.end(), sums.begin());
  return sums;
}

/// The smallest id whose cumulative probability exceeds u, or the last that stays.
inline std::int64_t draw(const Distribution& d, double u) {
  double sum = 0;
  std::int64_t last = -1;
  for (std::size_t id = 0; id < d.stays.size(); ++id) {
    if (!d.stays[id]) continue;
    last = static_cast<std::int64_t>(id);
    sum += d.probabilities[id];
    if (sum > u) return last;
  }
  return last;
}

/// The distance of u to the nearest cumulative probability strictly inside (0, 1).
inline double distance_to_border(const Distribution& d, double u) {
  double nearest = kInfinity, sum = 0;
  for (const double p : d.probabilities) {
    sum += p;
    if (p > 0 && sum < 1 - 1e-12) nearest = std::min(nearest, std::abs(sum - u));
  }
  return nearest;
}

inline Tokens joined(Tokens tokens, const Tokens& more) {
  tokens.insert(tokens.end(), more.begin(), more.end());
  return tokens;
}

/// Whether `tokens` end with `sequence`.
inline bool ends_with(const Tokens& tokens, const Tokens& sequence) {
  return tokens.size() >= sequence.size() &&
         std::equal(sequence.rbegin(), sequence.rend(), tokens.rbegin());
}

}  // namespace oracle
