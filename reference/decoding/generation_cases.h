#pragma once

// The model with a cache that level 4's checks hand to an attempt, what generation must give on it,
// and the comparison of both: tokens, calls and memory.

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "draw_cases.h"
#include "level4.h"

namespace generation {

using logits::Random;
using logits::Row;
using oracle::Distribution;
using oracle::Tokens;
using report::Facts;

/// The logits of row `row` (of the whole batch) after this history.
using Next = std::function<Row(std::int64_t row, const Tokens& history)>;

struct Call {
  std::vector<std::int64_t> row_ids;
  std::vector<Tokens> tokens;
  bool operator==(const Call&) const = default;
};

/// "forward({0, 1}, {{0}, {0, 2}})".
inline std::string text(const Call& call) {
  return "forward(" + report::text(call.row_ids) + ", " + report::text(call.tokens) + ")";
}

/// Where two long calls part, to be told before they are shown; nothing for short ones.
inline std::string parting(const Call& expected, const Call& got) {
  if (std::max(text(expected).size(), text(got).size()) <= 120) return "";
  const auto entry = [](const Call& call, std::size_t i) {
    if (i >= std::min(call.row_ids.size(), call.tokens.size())) return std::string("the end");
    return "row " + report::text(call.row_ids[i]) + " with " + report::text(call.tokens[i]);
  };
  std::size_t i = 0;
  while (entry(expected, i) == entry(got, i) && entry(got, i) != "the end") ++i;
  return "at place " + std::to_string(i) + " expected " + entry(expected, i) + ", got " +
         entry(got, i) + "; in all ";
}

class Model final : public kata::CachedModel {
 public:
  Model(Next next, bool contiguous) : next_(std::move(next)), contiguous_(contiguous) {}

  torch::Tensor forward(const std::vector<std::int64_t>& row_ids,
                        const std::vector<Tokens>& tokens) override {
    look_after_memory();
    calls_.push_back({row_ids, tokens});
    if (calls_.size() > kCallsMax) throw std::runtime_error("the model was called 500 times");
    if (row_ids.size() != tokens.size() || row_ids.empty()) {
      throw std::runtime_error("the model needs one list of tokens for each row: " +
                               text(calls_.back()));
    }
    shown_.clear();
    for (std::size_t i = 0; i < row_ids.size(); ++i) {
      if (tokens[i].empty()) {
        throw std::runtime_error("the model was fed no tokens for row " +
                                 std::to_string(row_ids[i]));
      }
      Tokens& history = histories_[row_ids[i]];
      history.insert(history.end(), tokens[i].begin(), tokens[i].end());
      shown_.push_back(next_(row_ids[i], history));
    }
    const auto vocabulary = static_cast<std::int64_t>(shown_.front().size());
    memory_ = logits::matrix_of(shown_, vocabulary, contiguous_);
    return memory_;
  }

  const std::vector<Call>& calls() const { return calls_; }

  /// After the attempt has returned.
  bool memory_was_changed() {
    look_after_memory();
    return changed_;
  }

 private:
  static constexpr std::size_t kCallsMax = 500;

  /// What the last call returned must be as it was; then it is overwritten.
  void look_after_memory() {
    if (!memory_.defined()) return;
    changed_ = changed_ || !logits::holds(memory_, shown_);
    memory_.fill_(logits::kNaN);
    memory_ = torch::Tensor();
  }

  Next next_;
  bool contiguous_, changed_ = false;
  std::map<std::int64_t, Tokens> histories_;
  std::vector<Call> calls_;
  std::vector<Row> shown_;
  torch::Tensor memory_;
};

struct Case {
  Next next;
  std::vector<Tokens> prompts;
  kata::GenerationOptions options;
  bool contiguous = true;
};

inline oracle::Filters filters_of(const kata::Sampling& s) {
  return {s.temperature, s.top_k, s.top_p, s.min_p, s.repetition_penalty};
}

/// What must come out of a case, and the numbers that keep clear of every border on the way.
struct Plan {
  std::vector<Tokens> outputs;
  std::map<std::pair<std::int64_t, std::int64_t>, double> numbers;  // by row and step
  double margin = oracle::kInfinity;                                // of what the filters decided

  double uniform(std::int64_t row, std::int64_t step) const {
    const auto found = numbers.find({row, step});
    return found == numbers.end() ? 0.5 : found->second;
  }
};

inline Distribution distribution_at(const Case& c, std::size_t row, const Tokens& output) {
  const Row logits = c.next(static_cast<std::int64_t>(row), oracle::joined(c.prompts[row], output));
  return oracle::distribution(logits, c.prompts[row], output, filters_of(c.options.sampling));
}

inline bool finished(const Tokens& output, const kata::GenerationOptions& options) {
  if (static_cast<std::int64_t>(output.size()) >= options.max_new_tokens) return true;
  if (!output.empty() && output.back() == options.eos) return true;
  for (const Tokens& stop : options.stop_sequences) {
    if (oracle::ends_with(output, stop)) return true;
  }
  return false;
}

inline Plan plan(const Case& c, Random& random) {
  Plan plan;
  for (std::size_t row = 0; row < c.prompts.size(); ++row) {
    Tokens output;
    while (!finished(output, c.options)) {
      const Distribution d = distribution_at(c, row, output);
      plan.margin = std::min(plan.margin, d.margin);
      double u = random.uniform();
      while (oracle::distance_to_border(d, u) < draws::kInside) u = random.uniform();
      plan.numbers[{static_cast<std::int64_t>(row), static_cast<std::int64_t>(output.size())}] = u;
      output.push_back(oracle::draw(d, u));
    }
    plan.outputs.push_back(output);
  }
  return plan;
}

/// The calls that lead to these outputs.
inline std::vector<Call> expected_calls(const std::vector<Tokens>& prompts,
                                        const std::vector<Tokens>& outputs) {
  std::vector<Call> calls;
  for (std::size_t step = 0;; ++step) {
    Call call;
    for (std::size_t row = 0; row < outputs.size(); ++row) {
      if (outputs[row].size() <= step) continue;
      call.row_ids.push_back(static_cast<std::int64_t>(row));
      call.tokens.push_back(step == 0 ? prompts[row] : Tokens{outputs[row][step - 1]});
    }
    if (call.row_ids.empty()) return calls;
    calls.push_back(call);
  }
}

inline Facts facts_of(const Case& c) {
  const kata::Sampling& s = c.options.sampling;
  Facts facts = {{"prompts", report::text(c.prompts)},
                 {"max_new_tokens", report::text(c.options.max_new_tokens)},
                 {"eos", report::text(c.options.eos)},
                 {"temperature", report::text(s.temperature)}};
  if (!c.options.stop_sequences.empty()) {
    facts.push_back({"stop_sequences", report::text(c.options.stop_sequences)});
  }
  if (s.top_k != 0) facts.push_back({"top_k", report::text(s.top_k)});
  if (s.top_p != 1) facts.push_back({"top_p", report::text(s.top_p)});
  if (s.min_p != 0) facts.push_back({"min_p", report::text(s.min_p)});
  if (s.repetition_penalty != 1) {
    facts.push_back({"repetition_penalty", report::text(s.repetition_penalty)});
  }
  if (!c.contiguous) facts.push_back({"logits of the model", "not contiguous"});
  return facts;
}

/// Tells the first row whose tokens are wrong, with the draw where they part.
inline void expect_outputs(const Case& c, const Plan& plan, const std::vector<Tokens>& got) {
  Facts facts = facts_of(c);
  if (got.size() != plan.outputs.size()) {
    return report::fail("expected the tokens of " + std::to_string(plan.outputs.size()) +
                            " rows, got those of " + std::to_string(got.size()),
                        facts);
  }
  for (std::size_t row = 0; row < got.size(); ++row) {
    const Tokens& expected = plan.outputs[row];
    if (got[row] == expected) continue;
    const auto step = static_cast<std::size_t>(
        std::mismatch(got[row].begin(), got[row].end(), expected.begin(), expected.end()).second -
        expected.begin());
    if (step < expected.size()) {
      const Tokens before(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(step));
      const auto id = static_cast<std::int64_t>(row);
      const Distribution d = distribution_at(c, row, before);
      facts.push_back({"row " + std::to_string(row) + ", step " + std::to_string(step),
                       "right is " + draws::described(d, expected[step])});
      const draws::Case draw{c.next(id, oracle::joined(c.prompts[row], before)),
                             filters_of(c.options.sampling), c.prompts[row], before};
      const double u = plan.uniform(id, static_cast<std::int64_t>(step));
      for (const report::Fact& fact : draws::facts_of(draw, report::text(u))) {
        if (fact.name.starts_with("logits") || (fact.name == "u" && !d.greedy)) {
          facts.push_back({"its " + fact.name, fact.value});
        }
      }
    }
    return report::fail("row " + std::to_string(row) + ": expected " + report::text(expected) +
                            ", got " + report::text(got[row]) + report::parting(expected, got[row]),
                        facts);
  }
}

inline void expect_calls(const std::vector<Call>& got, const std::vector<Call>& expected,
                         const Facts& facts) {
  for (std::size_t i = 0; i < std::max(got.size(), expected.size()); ++i) {
    if (i < got.size() && i < expected.size() && got[i] == expected[i]) continue;
    const std::string wanted = i < expected.size() ? text(expected[i]) : "no call any more";
    const std::string came = i < got.size() ? text(got[i]) : "none came";
    const bool both = i < got.size() && i < expected.size();
    return report::fail("call " + std::to_string(i) + ": " +
                            (both ? parting(expected[i], got[i]) : "") + "expected " + wanted +
                            ", but " + came,
                        facts);
  }
}

/// Everything that the contract says about one generation, on a plan for it.
inline void expect_planned(const Case& c, const Plan& plan) {
  Model model(c.next, c.contiguous);
  const Facts facts = facts_of(c);
  const std::vector<Tokens> prompts = c.prompts;
  const kata::GenerationOptions options = c.options;
  const kata::Uniform uniform = [&](std::int64_t row, std::int64_t step) {
    return plan.uniform(row, step);
  };
  std::vector<Tokens> got;
  try {
    got = kata::generate(model, prompts, options, uniform);
  } catch (const std::exception& e) {
    report::fail_with_exception("generate", e, facts);
    return;
  }
  expect_outputs(c, plan, got);
  expect_calls(model.calls(), expected_calls(c.prompts, plan.outputs), facts);
  if (model.memory_was_changed())
    report::fail(
        "the logits that the model returned were changed, expected them to stay as they were",
        facts);
  if (prompts != c.prompts || options.stop_sequences != c.options.stop_sequences) {
    report::fail(
        "the caller's prompts or stop sequences were changed, expected them to stay as they were",
        facts);
  }
}

inline void expect_generation(const Case& c) {
  Random random;
  expect_planned(c, plan(c, random));
}

/// Logits from all of a row's tokens, the same for every row.
inline Next hashed(std::uint64_t key, std::int64_t vocabulary, double spread = 3) {
  return [=](std::int64_t, const Tokens& history) {
    return logits::hashed_row(key, history, vocabulary, spread);
  };
}

/// Row r says scripts[r], token after token, whatever it is fed; then 0 for ever.
inline Next scripted(std::vector<Tokens> scripts, std::vector<Tokens> prompts,
                     std::int64_t vocabulary) {
  return [=](std::int64_t row, const Tokens& history) {
    const auto place = static_cast<std::size_t>(row) % scripts.size();
    const std::size_t step = history.size() - std::min(history.size(), prompts[place].size());
    const Tokens& script = scripts[place];
    Row logits(static_cast<std::size_t>(vocabulary), -1);
    logits[static_cast<std::size_t>(step < script.size() ? script[step] : 0)] = 4;
    return logits;
  };
}

inline kata::GenerationOptions greedy_options(std::int64_t max_new_tokens, std::int64_t eos = -1,
                                              std::vector<Tokens> stop_sequences = {}) {
  kata::GenerationOptions options{max_new_tokens, eos, std::move(stop_sequences), {}};
  options.sampling.temperature = 0;
  return options;
}

inline kata::GenerationOptions options_with(std::int64_t max_new_tokens,
                                            const kata::Sampling& sampling, std::int64_t eos = -1) {
  return {max_new_tokens, eos, {}, sampling};
}

}  // namespace generation
