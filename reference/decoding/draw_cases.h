#pragma once

// Draws that the checks of levels 2 and 3 ask for: where u has to lie so that float32 and float64
// agree, which id is right there, and what a failure shows.

#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "oracle.h"
#include "support/chi_square.h"
#include "support/logits.h"
#include "support/report.h"

namespace draws {

using logits::Row;
using oracle::Distribution;
using oracle::Filters;
using oracle::Tokens;
using report::Facts;

constexpr double kInside = 1.2e-4;  // how far u keeps from cumulative probabilities
constexpr double kLargeTolerance = 1e-4;
const double kBelowOne = 1 - std::ldexp(1.0, -53);

/// One row and how to draw from it.
struct Case {
  Row logits;
  Filters filters;
  Tokens prompt = {}, output = {};

  Distribution distribution() const {
    return oracle::distribution(logits, prompt, output, filters);
  }
};

struct Draw {
  double u;
  std::int64_t expected;  // or kAnyThatStays
};
constexpr std::int64_t kAnyThatStays = -1;

/// Two draws for each probability that is large enough, just inside the ends of its interval, and
/// one at each end of [0, 1): so every cumulative probability is known to 1.2e-4.
inline std::vector<Draw> at_every_border(const Distribution& d) {
  std::vector<Draw> draws;
  double sum = 0;
  for (std::size_t id = 0; id < d.stays.size(); ++id) {
    const double p = d.probabilities[id];
    const auto expected = static_cast<std::int64_t>(id);
    if (p > 3 * kInside) {
      draws.push_back({sum == 0 ? 0 : sum + kInside, expected});
      draws.push_back({sum + p - kInside, expected});
    }
    sum += p;
  }
  draws.push_back({kBelowOne, kAnyThatStays});
  return draws;
}

inline Facts facts_of(const Case& c, const std::string& u) {
  const Filters& f = c.filters;
  Facts facts = {{"logits", report::text(c.logits)}};
  if (f.penalty != 1) {
    std::set<std::int64_t> seen(c.prompt.begin(), c.prompt.end());
    seen.insert(c.output.begin(), c.output.end());
    const auto exact = oracle::penalised({c.logits.begin(), c.logits.end()}, seen, f.penalty);
    const Row after(exact.begin(), exact.end());
    facts.insert(facts.end(), {{"prompt", report::text(c.prompt)},
                               {"output", report::text(c.output)},
                               {"repetition_penalty", report::text(f.penalty)},
                               {"logits after the penalty", report::text(after)}});
  }
  facts.push_back({"temperature", report::text(f.temperature)});
  facts.push_back({"top_k", report::text(f.top_k)});
  if (f.top_p != 1) facts.push_back({"top_p", report::text(f.top_p)});
  if (f.min_p != 0) facts.push_back({"min_p", report::text(f.min_p)});
  facts.push_back({"u", u});
  return facts;
}

/// "id 2 (cumulative probability 0.25 to 0.5)", "id 2 (which does not stay)".
inline std::string described(const Distribution& d, std::int64_t id) {
  const std::string name = "id " + report::text(id);
  const auto place = static_cast<std::size_t>(id);
  if (id < 0 || place >= d.stays.size()) return name + " (there is no such id)";
  if (d.greedy) return name;
  if (!d.stays[place]) return name + " (which does not stay)";
  double before = 0;
  for (std::size_t i = 0; i < place; ++i) before += d.probabilities[i];
  return name + " (cumulative probability " + support::number(before) + " to " +
         support::number(before + d.probabilities[place]) + ")";
}

inline bool stays(const Distribution& d, std::int64_t id) {
  return id >= 0 && id < static_cast<std::int64_t>(d.stays.size()) &&
         d.stays[static_cast<std::size_t>(id)];
}

/// Why `got` is wrong for this draw; empty if it is right.
inline std::string complaint(const Distribution& d, const Draw& draw, std::int64_t got) {
  if (draw.expected == kAnyThatStays) {
    return stays(d, got) ? "" : "expected an id that stays, drew " + described(d, got);
  }
  if (got == draw.expected) return "";
  return "expected " + described(d, draw.expected) + ", drew " + described(d, got);
}

/// For large vocabularies: `got` stays, and its interval is within 1e-4 of u.
inline std::string complaint_if_far(const Distribution& d, double u, std::int64_t got) {
  if (!stays(d, got)) return "expected an id that stays, drew " + described(d, got);
  double before = 0;
  for (std::int64_t id = 0; id < got; ++id) before += d.probabilities[static_cast<std::size_t>(id)];
  const double after = before + d.probabilities[static_cast<std::size_t>(got)];
  if (before - kLargeTolerance <= u && u <= after + kLargeTolerance) return "";
  return "expected " + described(d, oracle::draw(d, u)) + " or one within 1e-4 of it, drew " +
         described(d, got);
}

/// Counts of draws with independent u against the distribution; each id that stays must have been
/// drawn, and no other.
inline std::string complaint_about_counts(const Distribution& d,
                                          const std::vector<std::int64_t>& counts) {
  const auto draws = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  for (std::size_t id = 0; id < counts.size(); ++id) {
    if (d.stays[id] == (counts[id] > 0)) continue;
    return "id " + std::to_string(id) +
           (d.stays[id] ? ", which stays, was drawn " : ", which does not stay, was drawn ") +
           std::to_string(counts[id]) + " times in " + std::to_string(draws) +
           " draws, expected about " +
           support::number(d.probabilities[id] * static_cast<double>(draws));
  }
  const support::ChiSquare test = support::chi_square(counts, d.probabilities);
  if (test.statistic <= test.critical) return "";
  return "drew ids with the counts " + report::text(counts) + ", the probabilities are " +
         report::text(d.probabilities) + ": chi-square is " + support::number(test.statistic) +
         ", right answers stay below " + support::number(test.critical);
}

}  // namespace draws
