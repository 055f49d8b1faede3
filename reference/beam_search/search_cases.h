#pragma once

// A search that is asked for, what a message tells about it, and the comparison of hypotheses.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "level1.h"
#include "models.h"
#include "oracle.h"
#include "support/report.h"

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

/// A sound model, but for logits without a distribution in one place, which a search of width 2
/// comes to at this step (from 1).
struct Broken {
  models::Model model;
  std::int64_t step;
};

inline std::vector<Broken> broken_models(const Tokens& prompt) {
  constexpr float kNone = models::kMinusInfinity, kNaN = models::kNaN;
  std::vector<Broken> all;
  const auto add = [&](const models::Model& sound, const Tokens& place) {
    for (const oracle::Row& bad : {oracle::Row{kNaN, 0, 9, 0},
                                   {0, 1, 2, kNaN},
                                   {kNaN, kNaN, kNaN, kNaN},
                                   {kNone, kNaN, kNone, kNone},
                                   {kNone, kNone, kNone, kNone}}) {
      const oracle::Next next = [=](const Tokens& history) {
        return history == oracle::joined(prompt, place) ? bad : sound.next(history);
      };
      const std::string where = "logits after the new tokens " + report::text(place) + ": ";
      all.push_back({{next, where + report::text(bad) + "; else\n    " + sound.description},
                     static_cast<std::int64_t>(place.size()) + 1});
    }
  };
  const models::Model sound = models::tree(prompt, {}, {0.1, 0.4, 0.3, 0.2});
  for (const Tokens& place : {Tokens{}, {1}, {2}, {1, 2}}) add(sound, place);
  const models::Model far_behind =  // {1} is live at the second step, with score -9000
      models::by_step(prompt, {{0, -9000, kNone, kNone}, {0, kNone, kNone, kNone}});
  add(far_behind, {1});
  return all;
}

/// The answer to a case is the same in float32 and float64.
inline void expect_fair(const Search& expected, const Facts& facts) {
  if (expected.margin < kClear) report::fail("THE CHECK IS WRONG: scores are too near", facts);
}

}  // namespace cases
