#pragma once

// The model that level 1's checks hand to an attempt, and everything that a search on it must be.

#include "search_cases.h"

namespace plain {

using cases::Case;
using cases::Facts;
using cases::Search;
using oracle::Row;
using oracle::Tokens;

class Model final : public kata::Model {
 public:
  Model(oracle::Next next, bool contiguous) : next_(std::move(next)), memory_(contiguous) {}

  torch::Tensor forward(const Tokens& tokens) override {
    memory_.overwrite();
    calls_.push_back(tokens);
    if (calls_.size() > kCallsMax) throw std::runtime_error("the model was called 2000 times");
    if (tokens.empty()) throw std::runtime_error("the model was called without tokens");
    const Row last = next_(tokens);
    entries_.clear();
    const Row decoy = decoy_for(last);
    for (std::size_t t = 1; t < tokens.size(); ++t) {
      entries_.insert(entries_.end(), decoy.begin(), decoy.end());
    }
    entries_.insert(entries_.end(), last.begin(), last.end());
    return memory_.show(entries_, last.size());
  }

  const std::vector<Tokens>& calls() const { return calls_; }

  /// After the attempt has returned.
  bool memory_was_changed() {
    memory_.overwrite();
    return memory_.was_changed();
  }

 private:
  static constexpr std::size_t kCallsMax = 2000;

  /// Rows before the last: the logits turned round, with a NaN.
  static Row decoy_for(const Row& last) {
    Row row;
    for (const float logit : last) row.push_back(std::isinf(logit) ? 1e4f : -logit);
    row[0] = models::kNaN;
    return row;
  }

  oracle::Next next_;
  models::Memory memory_;
  std::vector<Tokens> calls_;
  std::vector<float> entries_;
};

inline void expect_calls(const std::vector<Tokens>& got, const std::vector<Tokens>& expected,
                         const Facts& facts) {
  const auto shown = [](const std::vector<Tokens>& calls, std::size_t i) {
    return i < calls.size() ? "forward(" + report::text(calls[i]) + ")" : "none";
  };
  for (std::size_t i = 0; i < std::max(got.size(), expected.size()); ++i) {
    if (i < got.size() && i < expected.size() && got[i] == expected[i]) continue;
    return report::fail("call " + std::to_string(i) + " of the model: expected " +
                            shown(expected, i) + ", got " + shown(got, i),
                        facts);
  }
}

/// Hypotheses, calls and memory must be these.
inline void expect_search(const Case& c, const Search& expected) {
  Model model(c.model.next, c.contiguous);
  Facts facts = cases::facts_of(c);
  cases::expect_fair(expected, facts);
  Tokens prompt = c.prompt;
  std::vector<kata::Hypothesis> got;
  try {
    got = kata::beam_search(model, prompt, c.settings.width, c.settings.max_new_tokens,
                            c.settings.eos);
  } catch (const std::exception& e) {
    const bool met_nan = dynamic_cast<const std::domain_error*>(&e) != nullptr;
    if (met_nan) {
      facts.push_back({"where NaN is",
                       "in rows of logits before the last, beside those that are not "
                       "contiguous, and in what a later call has overwritten"});
    }
    return report::fail_with_exception("beam_search", e, facts);
  }
  cases::expect_hypotheses(got, expected, facts);
  expect_calls(model.calls(), expected.calls, facts);
  if (prompt != c.prompt)
    report::fail("the prompt was changed to " + report::text(prompt) + ", expected " +
                     report::text(c.prompt),
                 facts);
  if (model.memory_was_changed())
    report::fail(
        "the logits that the model returned were changed, expected them to stay as they were",
        facts);
}

inline void expect_search(const Case& c) {
  expect_search(c, oracle::search(c.model.next, c.prompt, c.settings));
}

template <typename E>
void expect_refused(const std::string& what, const std::string& type, const Case& c,
                    std::size_t calls) {
  Model model(c.model.next, c.contiguous);
  report::expect_throws<E>(what, type, cases::facts_of(c), [&] {
    kata::beam_search(model, c.prompt, c.settings.width, c.settings.max_new_tokens, c.settings.eos);
  });
  if (model.calls().size() <= calls) return;
  report::fail(what + " was refused after " + std::to_string(model.calls().size()) +
                   " calls of the model, expected at most " + std::to_string(calls),
               cases::facts_of(c));
}

}  // namespace plain
