#pragma once

// Cases of level 2's speculative_sample: drafts, what must come out with numbers that keep clear of
// what they decide, and the comparison of both.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "level2.h"
#include "scripted_model.h"
#include "verify_cases.h"

namespace sampling {

using logits::kMinusInfinity;
using logits::Next;
using logits::Row;
using oracle::Generation;
using oracle::Trace;

inline Next always(const Row& row) {
  return [row](const Tokens&) { return row; };
}

/// Gives −∞ to the ids of this parity.
inline Next only_parity(const Next& next, std::size_t parity) {
  return [=](const Tokens& history) {
    Row row = next(history);
    for (std::size_t id = 0; id < row.size(); ++id) {
      if (id % 2 != parity) row[id] = kMinusInfinity;
    }
    return row;
  };
}

/// Near the target: most proposals are accepted.
inline Next near(const Next& target, const Next& other) {
  return [=](const Tokens& history) {
    Row row = target(history);
    const Row change = other(history);
    for (std::size_t id = 0; id < row.size(); ++id) row[id] += 0.3f * change[id];
    return row;
  };
}

struct Plan {
  Trace trace;
  std::vector<double> numbers;
};

inline Trace traced(const Generation& g, oracle::Numbers& numbers) {
  std::vector<Probabilities> q;
  const auto choose = [&](const logits::Row& row) {
    q.push_back(oracle::softmax(row));
    return oracle::draw(q.back(), numbers.to_draw(q.back()));
  };
  const auto judge = [&](const auto& row_of, const Tokens& proposals) {
    const auto p_of = [&](std::size_t i) { return oracle::softmax(row_of(i)); };
    const Tokens tokens = oracle::verified(p_of, q, proposals, g.eos, numbers);
    q.clear();
    return tokens;
  };
  return oracle::traced(g, choose, judge);
}

inline Plan plan(const Generation& g, Random& random) {
  while (true) {
    MadeUp numbers(random);
    Trace trace = traced(g, numbers);
    if (numbers.sound) return {std::move(trace), std::move(numbers.list)};
  }
}

/// Everything that the contract says about one generation, on a plan for it.
inline void expect_planned(const Generation& g, const Plan& plan, const std::string& draft,
                           bool contiguous = true) {
  scripted::Models models(g, plan.trace, contiguous);
  Facts facts = scripted::facts_of(g, contiguous);
  facts.insert(facts.begin(), {"draft", draft});
  facts.push_back({"numbers", report::text(plan.numbers)});
  Stream stream(plan.numbers);
  Tokens prompt = g.prompt, got;
  try {
    got = kata::speculative_sample(models.target, models.draft, prompt, g.draft_length,
                                   g.max_new_tokens, g.eos, stream.uniform());
  } catch (const std::exception& e) {
    return report::fail_with_exception("speculative_sample", e,
                                       scripted::with_calls(facts, models, plan.trace));
  }
  if (got != plan.trace.output) {
    report::fail("expected " + report::text(plan.trace.output) + ", got " + report::text(got),
                 facts);
  }
  expect_taken(stream, plan.numbers.size(), facts);
  if (prompt != g.prompt) report::fail("the prompt was changed to " + report::text(prompt), facts);
  scripted::expect_trace(models, plan.trace, facts);
}

inline void expect_sampled(const Generation& g, Random& random, const std::string& draft,
                           bool contiguous = true) {
  expect_planned(g, plan(g, random), draft, contiguous);
}

}  // namespace sampling
