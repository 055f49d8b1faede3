#pragma once

// A search that is asked for, what a message tells about it, and the comparison of hypotheses.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "level1.h"
#include "models.h"
#include "oracle.h"
#include "report.h"

namespace cases {

using models::Random;
using oracle::Scored;
using oracle::Search;
using oracle::Settings;
using oracle::Tokens;
using report::Facts;

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNoEos = -1;
constexpr double kClear = 1;  // the least margin of a fair case

struct Case {
  models::Model model;
  Tokens prompt;
  Settings settings;
  bool contiguous = true;
};

/// "{2, 3} with score -1.0216512".
inline std::string text(const Tokens& tokens, double score) {
  return report::text(tokens) + " with score " + report::text(score);
}

inline std::string text(const std::vector<Scored>& hypotheses) {
  constexpr std::size_t kShown = 8;
  std::string list;
  for (std::size_t i = 0; i < hypotheses.size() && i < kShown; ++i) {
    list += (i == 0 ? "" : ", ") + text(hypotheses[i].tokens, hypotheses[i].score);
  }
  const std::string number = std::to_string(hypotheses.size());
  if (hypotheses.empty()) return "none";
  return hypotheses.size() <= kShown ? list : list + ", ... (" + number + ")";
}

inline Facts facts_of(const Case& c) {
  const Settings& s = c.settings;
  Facts facts = {{"model", c.model.description},
                 {"prompt", report::text(c.prompt)},
                 {"width", report::text(s.width)},
                 {"max_new_tokens", report::text(s.max_new_tokens)},
                 {"eos", report::text(s.eos)}};
  if (!c.contiguous) facts.push_back({"logits of the model", "not contiguous"});
  return facts;
}

/// The first hypothesis that is wrong, if any, with the beams that should have led there.
inline void expect_hypotheses(const std::vector<kata::Hypothesis>& got, const Search& expected,
                              Facts facts) {
  const auto complain = [&](const std::string& what) {
    for (std::size_t step = 0; step < expected.beams.size(); ++step) {
      const bool cached = !expected.set_aside.empty();
      const std::string after = " after step " + std::to_string(step + 1);
      facts.push_back({(cached ? "live" : "beam") + after, text(expected.beams[step])});
      if (cached) facts.push_back({"set aside" + after, text(expected.set_aside[step])});
    }
    report::fail(what, facts);
  };
  const std::string count = std::to_string(expected.result.size());
  for (std::size_t i = 0; i < expected.result.size() && i < got.size(); ++i) {
    const Scored& right = expected.result[i];
    const double allowed = 2e-5 * (1 + std::abs(right.score));
    const bool near = std::abs(got[i].score - right.score) <= allowed;  // false for NaN
    if (got[i].tokens == right.tokens && near) continue;
    return complain("hypothesis " + std::to_string(i) + " of " + count + ": expected " +
                    text(right.tokens, right.score) + ", got " + text(got[i].tokens, got[i].score));
  }
  if (got.size() == expected.result.size()) return;
  std::string what = "expected " + count + " hypotheses, got " + std::to_string(got.size());
  if (got.size() > expected.result.size()) {
    const kata::Hypothesis& extra = got[expected.result.size()];
    what += ", the first one too many is " + text(extra.tokens, extra.score);
  } else {
    const Scored& missing = expected.result[got.size()];
    what += ", the first one missing is " + text(missing.tokens, missing.score);
  }
  complain(what);
}

/// The answer to a case is the same in float32 and float64.
inline void expect_fair(const Search& expected, const Facts& facts) {
  if (expected.margin < kClear) report::fail("THE CHECK IS WRONG: scores are too near", facts);
}

}  // namespace cases
