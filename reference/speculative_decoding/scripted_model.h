#pragma once

// The models that the checks hand to an attempt: they keep a record of their calls, hide decoys in
// rows that decide nothing, and see whether their memory was changed. And the comparison of that
// record with what a generation must do.

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "level1.h"
#include "oracle.h"
#include "scripted_logits.h"
#include "support/report.h"

namespace scripted {

using logits::Next;
using logits::Row;
using oracle::Call;
using oracle::Generation;
using oracle::Trace;
using report::Facts;
using report::Tokens;

/// Whether a row that scores what comes after this history decides anything; `last` of its call.
using Decides = std::function<bool(const Tokens& history, bool last)>;

class Model final : public kata::CachedModel {
 public:
  /// All rows are as `next` says.
  Model(std::string name, Next next) : name_(std::move(name)), next_(std::move(next)) {}

  /// In calls that are the expected ones, rows that decide nothing are decoys. An attempt that has
  /// left the right way is not led further astray: what it returns then says more.
  Model(std::string name, Next next, std::vector<Call> expected, Decides decides, bool contiguous)
      : name_(std::move(name)),
        next_(std::move(next)),
        expected_(std::move(expected)),
        decides_(std::move(decides)),
        contiguous_(contiguous) {}

  torch::Tensor forward(const Tokens& tokens) override {
    look_after_memory();
    if (calls_.size() >= kCallsMax) throw std::runtime_error(name_ + " was called 500 times");
    calls_.push_back({cache_, tokens});
    if (tokens.empty()) throw std::runtime_error(name_ + ".forward was fed no tokens");
    const std::size_t place = calls_.size() - 1;
    const bool decoys = place < expected_.size() && calls_.back() == expected_[place];
    shown_.clear();
    deciding_.clear();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      cache_.push_back(tokens[i]);
      const bool decides = !decoys || decides_(cache_, i + 1 == tokens.size());
      shown_.push_back(decides ? next_(cache_) : decoy(next_(cache_)));
      if (decides) deciding_.push_back(static_cast<std::int64_t>(i));
    }
    memory_ =
        logits::matrix_of(shown_, static_cast<std::int64_t>(shown_.front().size()), contiguous_);
    return memory_;
  }

  void rollback(std::int64_t length) override {
    look_after_memory();
    if (length < 0 || length > static_cast<std::int64_t>(cache_.size())) {
      throw std::runtime_error(name_ + ".rollback(" + std::to_string(length) +
                               ") while the cache holds " + std::to_string(cache_.size()) +
                               " tokens");
    }
    cache_.resize(static_cast<std::size_t>(length));
  }

  const std::string& name() const { return name_; }
  const std::vector<Call>& calls() const { return calls_; }
  const Tokens& cache() const { return cache_; }

  /// "target.forward({0, 1}): rows {1} of 2 decide, the last of these is {0, 2, 1}".
  std::string last_call() const {
    if (calls_.empty()) return name_ + " was not called";
    const Tokens& fed = calls_.back().fed;
    return name_ + ".forward(" + report::text(fed) + "): rows " + report::text(deciding_) + " of " +
           std::to_string(fed.size()) + " decide" +
           (deciding_.empty()
                ? ""
                : ", the last of these is " +
                      report::text(shown_[static_cast<std::size_t>(deciding_.back())]));
  }

  /// After the attempt has returned.
  bool memory_was_changed() {
    look_after_memory();
    return changed_;
  }

 private:
  static constexpr std::size_t kCallsMax = 500;

  /// Where nothing is decided: the logits turned round, with a NaN.
  static Row decoy(Row row) {
    for (float& logit : row) logit = std::isinf(logit) ? 1e30f : -logit;
    row[0] = logits::kNaN;
    return row;
  }

  /// What the last call returned must be as it was; then it is overwritten.
  void look_after_memory() {
    if (!memory_.defined()) return;
    changed_ = changed_ || !logits::holds(memory_, shown_);
    memory_.fill_(logits::kNaN);
    memory_ = torch::Tensor();
  }

  std::string name_;
  Next next_;
  std::vector<Call> expected_;
  Decides decides_;
  bool contiguous_ = true, changed_ = false;
  Tokens cache_;
  std::vector<std::int64_t> deciding_;  // rows of the last call
  std::vector<Call> calls_;
  std::vector<Row> shown_;
  torch::Tensor memory_;
};

inline bool begins_with(const Tokens& tokens, const Tokens& beginning) {
  return tokens.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), tokens.begin());
}

/// Target and draft of one generation that is to go like this.
struct Models {
  Model target, draft;

  Models(const Generation& g, const Trace& trace, bool contiguous = true)
      : target("target", g.target, trace.target_calls, decides(g.prompt, trace.output), contiguous),
        draft(
            "draft", g.draft, trace.draft_calls, [](const Tokens&, bool last) { return last; },
            contiguous) {}

  /// Rows of the target decide at the prompt's end and as long as the tokens are right. The whole
  /// output is fed only if its last token is an accepted EOS, whose row decides nothing.
  static Decides decides(const Tokens& prompt, const Tokens& output) {
    Tokens right = prompt;
    right.insert(right.end(), output.begin(), output.end());
    return [right, length = prompt.size()](const Tokens& history, bool) {
      return history.size() >= length && history.size() < right.size() &&
             begins_with(right, history);
    };
  }
};

inline Facts facts_of(const Generation& g, bool contiguous = true) {
  Facts facts = {{"prompt", report::text(g.prompt)},
                 {"draft_length", report::text(g.draft_length)},
                 {"max_new_tokens", report::text(g.max_new_tokens)},
                 {"eos", report::text(g.eos)}};
  if (!contiguous) facts.push_back({"logits of the models", "not contiguous"});
  return facts;
}

/// The first call that is not the expected one; "" if there is none. Where the attempt came to the
/// end, calls that are missing count, too.
inline std::string difference(const Model& model, const std::vector<Call>& expected, bool at_end) {
  const std::vector<Call>& got = model.calls();
  const std::string forward = model.name() + ".forward(";
  for (std::size_t i = 0; i < got.size() || (at_end && i < expected.size()); ++i) {
    if (i < got.size() && i < expected.size() && got[i] == expected[i]) continue;
    std::string text = model.name() + "'s call " + std::to_string(i + 1) + " (" +
                       std::to_string(got.size()) + " calls came, expected were " +
                       std::to_string(expected.size()) + "): ";
    const auto wanted = [&] { return "expected " + forward + report::text(expected[i].fed) + ")"; };
    if (i >= got.size()) return text + wanted() + ", but none came";
    const std::string came = forward + report::text(got[i].fed) + ")";
    if (i >= expected.size()) return text + "expected none any more, but " + came + " came";
    if (got[i].fed != expected[i].fed) return text + wanted() + ", got " + came;
    return text + came + " came while the cache held " + report::text(got[i].cached) +
           ", expected " + report::text(expected[i].cached);
  }
  return "";
}

inline void expect_calls(const Model& model, const std::vector<Call>& expected,
                         const Facts& facts) {
  const std::string what = difference(model, expected, /*at_end=*/true);
  if (!what.empty()) report::fail(what, facts);
}

inline void expect_cache(const Model& model, const Tokens& expected, const Facts& facts) {
  if (model.cache() == expected) return;
  report::fail("at the end the cache of " + model.name() + " holds " + report::text(model.cache()) +
                   ", expected " + report::text(expected),
               facts);
}

/// What went before an exception, which may come from a row that should not have been read.
inline Facts with_calls(Facts facts, const Models& models, const Trace& trace) {
  std::string first = difference(models.target, trace.target_calls, /*at_end=*/false);
  if (first.empty()) first = difference(models.draft, trace.draft_calls, /*at_end=*/false);
  const auto text = [](std::size_t calls) { return std::to_string(calls); };
  facts.push_back({"calls before it", text(models.target.calls().size()) + " of the target, " +
                                          text(models.draft.calls().size()) + " of the draft, " +
                                          (first.empty() ? "all as expected" : "not as expected")});
  if (!first.empty()) facts.push_back({"the first that is not", first});
  facts.push_back({"the last of the target", models.target.last_call()});
  facts.push_back({"the last of the draft", models.draft.last_call()});
  facts.push_back({"where NaN is",
                   "in rows that decide nothing, beside entries that are not contiguous, and in "
                   "logits that a later call has overwritten"});
  return facts;
}

/// Calls, caches and memory as the contract says, after a generation has returned.
inline void expect_trace(Models& models, const Trace& trace, const Facts& facts) {
  expect_calls(models.target, trace.target_calls, facts);
  expect_calls(models.draft, trace.draft_calls, facts);
  expect_cache(models.target, trace.target_cache, facts);
  expect_cache(models.draft, trace.draft_cache, facts);
  for (Model* model : {&models.target, &models.draft}) {
    if (!model->memory_was_changed()) continue;
    report::fail(
        "the logits of " + model->name() + " were changed, expected them to stay as they were",
        facts);
  }
}

}  // namespace scripted
