#pragma once

// Cases of level 1: drafts that are right as often as wanted, and the comparison of a generation
// with plain greedy decoding.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "level1.h"
#include "oracle.h"
#include "scripted_logits.h"
#include "scripted_model.h"
#include "support/report.h"

namespace greedy {

using logits::Next;
using logits::Row;
using oracle::Generation;
using oracle::Tokens;
using oracle::Trace;
using report::Facts;

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNoEos = -1;

/// Drafts, made from the target: `agrees` says after which histories the two choose the same.
template <typename Agrees>
inline Next draft_of(const Next& target, Agrees agrees) {
  return [=](const Tokens& history) {
    Row row = target(history);
    if (!agrees(history)) std::rotate(row.begin(), row.end() - 1, row.end());
    return row;
  };
}
inline Next always_wrong(const Next& target) {
  return draft_of(target, [](const Tokens&) { return false; });
}
inline Next alternating(const Next& target, std::size_t odd = 0) {
  return draft_of(target, [=](const Tokens& history) { return history.size() % 2 == odd; });
}
inline Next right_by_chance(const Next& target, std::uint64_t key) {
  return draft_of(target,
                  [=](const Tokens& history) { return logits::hashed(key, history) % 4 != 0; });
}

/// Says this script, whatever it is fed, then the last of it for ever.
inline Next script(Tokens tokens, std::size_t prompt_length, std::int64_t vocabulary) {
  return [=](const Tokens& history) {
    Row row(static_cast<std::size_t>(vocabulary), -1);
    const std::size_t step = std::min(history.size() - prompt_length, tokens.size() - 1);
    row[static_cast<std::size_t>(tokens[step])] = 4;
    return row;
  };
}

/// Tokens, calls, caches and memory must all be as the contract says.
inline void expect_greedy(const Generation& g, const std::string& draft, bool contiguous = true) {
  const Trace trace = oracle::greedy(g);
  const Tokens expected = oracle::plain_greedy(g);
  if (trace.output != expected) throw std::runtime_error("the oracles disagree");
  scripted::Models models(g, trace, contiguous);
  Facts facts = scripted::facts_of(g, contiguous);
  facts.insert(facts.begin(), {"draft", draft});
  Tokens prompt = g.prompt, got;
  try {
    got = kata::speculative_greedy(models.target, models.draft, prompt, g.draft_length,
                                   g.max_new_tokens, g.eos);
  } catch (const std::exception& e) {
    return report::fail_with_exception("speculative_greedy", e,
                                       scripted::with_calls(facts, models, trace));
  }
  if (got != expected) {
    report::fail("expected " + report::text(expected) + ", got " + report::text(got), facts);
  }
  if (prompt != g.prompt) report::fail("the prompt was changed to " + report::text(prompt), facts);
  scripted::expect_trace(models, trace, facts);
}

/// Every kind of draft on the same target; `also` is said about the logits where it matters.
inline void expect_with_all_drafts(Generation g, bool contiguous = true,
                                   const std::string& also = "") {
  const std::pair<std::string, Next> drafts[] = {
      {"always right", g.target},
      {"always wrong", always_wrong(g.target)},
      {"right after every other token", alternating(g.target)},
      {"right three times in four", right_by_chance(g.target, support::seed())}};
  for (const auto& [name, next] : drafts) {
    g.draft = next;
    expect_greedy(g, name + also, contiguous);
  }
}

inline void expect_target_calls(const Generation& g, std::int64_t calls) {
  const auto planned = static_cast<std::int64_t>(oracle::greedy(g).target_calls.size());
  if (planned != calls) throw std::runtime_error("the oracle breaks the bound");
}

}  // namespace greedy
