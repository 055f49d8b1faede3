#pragma once

// The model with a cache that level 2's checks hand to an attempt, and everything that a search on
// it must be: hypotheses, calls, the rows of the cache, memory.

#include "level2.h"
#include "search_cases.h"

namespace cached {

using cases::Case;
using cases::Facts;
using cases::Search;
using oracle::Row;
using oracle::Step;
using oracle::Tokens;

constexpr std::int64_t kEos = 3;  // of the small models in the checks

using Parents = std::vector<std::int64_t>;

class Model final : public kata::CachedModel {
 public:
  Model(oracle::Next next, bool contiguous) : next_(std::move(next)), memory_(contiguous) {}

  void reorder(const Parents& parents) override {
    memory_.overwrite();
    reorders_.push_back(parents);
    std::vector<Tokens> rows;
    for (const std::int64_t parent : parents) {
      if (parent < 0 || parent >= static_cast<std::int64_t>(rows_.size())) {
        throw std::runtime_error("reorder(" + report::text(parents) + ") of " +
                                 std::to_string(rows_.size()) + " rows");
      }
      rows.push_back(rows_[static_cast<std::size_t>(parent)]);
    }
    if (rows.empty()) throw std::runtime_error("reorder({}) leaves the model without rows");
    rows_ = std::move(rows);
  }

  torch::Tensor forward(const std::vector<Tokens>& tokens) override {
    memory_.overwrite();
    calls_.push_back({std::move(reorders_), tokens});
    reorders_.clear();
    if (calls_.size() > kCallsMax) throw std::runtime_error("the model was called 2000 times");
    if (tokens.size() != rows_.size()) {
      throw std::runtime_error("forward(" + report::text(tokens) + ") on " +
                               std::to_string(rows_.size()) + " rows of the cache");
    }
    entries_.clear();
    std::size_t vocabulary = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (tokens[i].empty()) throw std::runtime_error("forward was given a row without tokens");
      rows_[i].insert(rows_[i].end(), tokens[i].begin(), tokens[i].end());
      const Row row = next_(rows_[i]);
      vocabulary = row.size();
      entries_.insert(entries_.end(), row.begin(), row.end());
    }
    return memory_.show(entries_, vocabulary);
  }

  struct Call {
    std::vector<Parents> reorders;  // that came before it
    std::vector<Tokens> fed;
  };
  const std::vector<Call>& calls() const { return calls_; }
  const std::vector<Parents>& reorders_at_the_end() const { return reorders_; }

  /// After the attempt has returned.
  bool memory_was_changed() {
    memory_.overwrite();
    return memory_.was_changed();
  }

 private:
  static constexpr std::size_t kCallsMax = 2000;

  oracle::Next next_;
  models::Memory memory_;
  std::vector<Tokens> rows_{Tokens{}};
  std::vector<Parents> reorders_;
  std::vector<Call> calls_;
  std::vector<float> entries_;
};

/// "reorder({1, 0}), forward({{3}, {3}})".
inline std::string text(const std::vector<Parents>& reorders, const std::vector<Tokens>& fed) {
  std::string calls;
  for (const Parents& parents : reorders) calls += "reorder(" + report::text(parents) + "), ";
  return calls + "forward(" + report::text(fed) + ")";
}

/// Whether these calls are the ones of this step: a reorder that changes nothing may be left out.
inline bool is_step(const Model::Call& call, const Step& step, std::size_t rows_before,
                    bool first) {
  if (call.fed != step.fed) return false;
  if (first) return call.reorders.empty();
  if (call.reorders.size() == 1) return call.reorders[0] == step.parents;
  Parents same(rows_before);
  for (std::size_t i = 0; i < rows_before; ++i) same[i] = static_cast<std::int64_t>(i);
  return call.reorders.empty() && step.parents == same;
}

inline void expect_calls(const Model& model, const std::vector<Step>& expected,
                         const Facts& facts) {
  const std::vector<Model::Call>& got = model.calls();
  for (std::size_t i = 0; i < std::max(got.size(), expected.size()); ++i) {
    const std::size_t rows_before = i == 0 ? 1 : expected[i - 1].fed.size();
    const bool both = i < got.size() && i < expected.size();
    if (both && is_step(got[i], expected[i], rows_before, i == 0)) continue;
    const std::string step = "calls of step " + std::to_string(i + 1) + ": expected ";
    std::string wanted = "none any more";
    if (i < expected.size()) {
      std::vector<Parents> reorder;
      if (i > 0) reorder.push_back(expected[i].parents);
      wanted = text(reorder, expected[i].fed);
    }
    const std::string came = i < got.size() ? text(got[i].reorders, got[i].fed) : "none";
    return report::fail(step + wanted + ", got " + came, facts);
  }
  if (!model.reorders_at_the_end().empty()) {
    report::fail("reorder was called after the last forward, expected no call any more", facts);
  }
}

inline Facts all_facts_of(const Case& c) {
  Facts facts = cases::facts_of(c);
  facts.push_back({"length_penalty", report::text(c.settings.length_penalty)});
  return facts;
}

inline kata::BeamOptions options_of(const oracle::Settings& s) {
  return {s.width, s.max_new_tokens, s.eos, s.length_penalty};
}

inline void expect_cached(const Case& c, const Search& expected) {
  Model model(c.model.next, c.contiguous);
  Facts facts = all_facts_of(c);
  cases::expect_fair(expected, facts);
  const Tokens prompt = c.prompt;
  const kata::BeamOptions options = options_of(c.settings);
  std::vector<kata::Hypothesis> got;
  try {
    got = kata::beam_search_cached(model, prompt, options);
  } catch (const std::exception& e) {
    const bool met_nan = dynamic_cast<const std::domain_error*>(&e) != nullptr;
    if (met_nan) {
      facts.push_back({"where NaN is",
                       "beside logits that are not contiguous, and in what a later call "
                       "has overwritten"});
    }
    return report::fail_with_exception("beam_search_cached", e, facts);
  }
  cases::expect_hypotheses(got, expected, facts);
  expect_calls(model, expected.steps, facts);
  if (prompt != c.prompt) report::fail("the prompt was changed to " + report::text(prompt), facts);
  const bool same = options.width == c.settings.width && options.eos == c.settings.eos &&
                    options.max_new_tokens == c.settings.max_new_tokens &&
                    options.length_penalty == c.settings.length_penalty;
  if (!same)
    report::fail("the caller's options were changed, expected them to stay as they were", facts);
  if (model.memory_was_changed())
    report::fail(
        "the logits that the model returned were changed, expected them to stay as they were",
        facts);
}

inline void expect_cached(const Case& c) {
  expect_cached(c, oracle::cached_search(c.model.next, c.prompt, c.settings));
}

template <typename E>
void expect_refused(const std::string& what, const std::string& type, const Case& c,
                    std::size_t calls) {
  Model model(c.model.next, c.contiguous);
  report::expect_throws<E>(what, type, all_facts_of(c), [&] {
    kata::beam_search_cached(model, c.prompt, options_of(c.settings));
  });
  if (!model.reorders_at_the_end().empty()) {
    report::fail(what + ": reorder was called before it was refused", all_facts_of(c));
  }
  if (model.calls().size() <= calls) return;
  report::fail(what + " was refused after " + std::to_string(model.calls().size()) +
                   " calls of the model, expected at most " + std::to_string(calls),
               all_facts_of(c));
}

}  // namespace cached
