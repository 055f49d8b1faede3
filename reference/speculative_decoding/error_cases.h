#pragma once

// What both levels must refuse: bad arguments, and logits that decide nothing.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>

#include "level1.h"
#include "oracle.h"
#include "scripted_logits.h"
#include "scripted_model.h"
#include "support/report.h"

namespace errors {

using logits::kMinusInfinity;
using logits::kNaN;
using logits::Next;
using logits::Row;
using oracle::Generation;
using oracle::Tokens;
using report::Facts;

/// Calls the attempt.
using Generate =
    std::function<void(kata::CachedModel& target, kata::CachedModel& draft, const Generation& g)>;

inline void expect_bad_arguments_refused(const Generate& generate) {
  constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();
  const auto refused = [&](const std::string& what, const Tokens& prompt, std::int64_t draft_length,
                           std::int64_t limit) {
    const Next next = logits::statement_target();
    const Generation g{next, next, prompt, draft_length, limit, 3};
    scripted::Models models(g, {});
    report::expect_throws<std::invalid_argument>(what, "std::invalid_argument",
                                                 scripted::facts_of(g),
                                                 [&] { generate(models.target, models.draft, g); });
    if (models.target.calls().empty() && models.draft.calls().empty()) return;
    report::fail(what + " was refused only after a call of a model", scripted::facts_of(g));
  };
  for (const std::int64_t limit : {0, 1, 4}) {
    refused("an empty prompt", {}, 2, limit);
    refused("a negative draft_length", {0, 1}, -1, limit);
    refused("a negative draft_length", {0}, kSmallest, limit);
  }
  refused("a negative max_new_tokens", {0, 1}, 2, -1);
  refused("a negative max_new_tokens", {0}, 0, kSmallest);
}

/// Both models say 1 for ever, for numbers of 0.5 too, but for one row of one of them.
inline void expect_bad_rows_refused(const Generate& generate) {
  const Next good = [](const Tokens&) { return Row{-9, 9, -9, -9}; };
  const auto refused = [&](const std::string& whose, const Row& bad, std::size_t step,
                           std::int64_t draft_length) {
    const Next spoilt = [=](const Tokens& history) {
      return history.size() == 1 + step ? bad : good(history);
    };
    const bool of_draft = whose == "draft";
    const Generation g{of_draft ? good : spoilt, of_draft ? spoilt : good, {0}, draft_length, 6};
    scripted::Model target("target", g.target), draft("draft", g.draft);
    Facts facts = scripted::facts_of(g);
    facts.push_back(
        {"logits of the " + whose + " at step " + std::to_string(step), report::text(bad)});
    const std::string what = "logits of the " + whose + " without a largest";
    report::expect_throws<std::domain_error>(what, "std::domain_error", facts,
                                             [&] { generate(target, draft, g); });
  };
  const Row bad_rows[] = {{kNaN, 9, 0, 0}, {0, 9, 0, kNaN}, Row(4, kNaN), Row(4, kMinusInfinity)};
  for (const Row& bad : bad_rows) {
    for (const std::size_t step : {0, 1, 2, 3, 4}) {
      refused("target", bad, step, 2);
      refused("target", bad, step, 0);
      if (step != 2) refused("draft", bad, step, 2);  // step 2 is the bonus
    }
  }
}

}  // namespace errors
