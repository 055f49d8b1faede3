#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "level1.h"
#include "oracle.h"
#include "scripted_model.h"
#include "support/logits.h"
#include "support/report.h"

using logits::kMinusInfinity;
using logits::kNaN;
using logits::Random;
using logits::Row;
using oracle::Tokens;
using report::Facts;

namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNoEos = -1;

struct Case {
  scripted::Model::Next next;
  Tokens prompt;
  std::int64_t max_new_tokens;
  std::int64_t eos;
  bool strided = false;
};

Facts facts_of(const Case& c) {
  Facts facts = {{"prompt", report::text(c.prompt)},
                 {"max_new_tokens", report::text(c.max_new_tokens)},
                 {"eos", report::text(c.eos)}};
  if (c.strided) facts.push_back({"logits of the model", "not contiguous"});
  return facts;
}

std::int64_t largest(const Row& row) {
  return oracle::argmax({row.begin(), row.end()});
}

Tokens expected_tokens(const Case& c) {
  Tokens output;
  while (static_cast<std::int64_t>(output.size()) < c.max_new_tokens) {
    output.push_back(largest(c.next(oracle::joined(c.prompt, output))));
    if (output.back() == c.eos) break;
  }
  return output;
}

/// The logits of the first step at which the tokens differ.
void add_first_difference(const Case& c, const Tokens& got, const Tokens& expected, Facts& facts) {
  std::size_t step = 0;
  while (step < got.size() && step < expected.size() && got[step] == expected[step]) ++step;
  if (step >= expected.size()) return;
  const Tokens before(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(step));
  facts.push_back({"last row of logits after " + report::text(oracle::joined(c.prompt, before)),
                   report::text(c.next(oracle::joined(c.prompt, before)))});
}

void expect_calls(const std::vector<Tokens>& calls, const Tokens& prompt, const Tokens& output,
                  const Facts& facts) {
  if (calls.size() != output.size()) {
    report::fail("forward was called " + std::to_string(calls.size()) + " times, expected " +
                     std::to_string(output.size()) + ": once for each token to return",
                 facts);
    return;
  }
  Tokens expected = prompt;
  for (std::size_t i = 0; i < calls.size(); expected.push_back(output[i++])) {
    if (calls[i] == expected) continue;
    report::fail("forward was called with " + report::text(calls[i]) + " at step " +
                     std::to_string(i) + ", expected " + report::text(expected) +
                     report::parting(expected, calls[i]),
                 facts);
    return;
  }
}

/// Tokens, calls and memory must all be as the contract says.
void expect_greedy(const Case& c) {
  scripted::Model model(c.next);
  if (c.strided) model.strided();
  const Tokens expected = expected_tokens(c);
  Facts facts = facts_of(c);
  Tokens prompt = c.prompt, got;
  try {
    got = kata::greedy(model, prompt, c.max_new_tokens, c.eos);
  } catch (const std::exception& e) {
    facts.push_back({"where NaN is",
                     "in rows of logits before the last, beside those that are not "
                     "contiguous, and in what a later call has overwritten"});
    return report::fail_with_exception("greedy", e, facts);
  }
  if (got != expected) {
    add_first_difference(c, got, expected, facts);
    report::fail("expected " + report::text(expected) + ", got " + report::text(got) +
                     report::parting(expected, got),
                 facts);
  }
  expect_calls(model.calls(), c.prompt, expected, facts);
  if (prompt != c.prompt)
    report::fail("the prompt was changed to " + report::text(prompt) + ", expected " +
                     report::text(c.prompt),
                 facts);
  if (model.memory_was_changed())
    report::fail(
        "the logits that the model returned were changed, expected them to stay as they were",
        facts);
}

/// The model of the statement.
Row after_last_token(const Tokens& tokens) {
  static const std::vector<Row> kTable = {
      {0, 2, 1, 0}, {1, 0, 3, 3}, {-2, -4, -3, -1}, {7, 1, 0, 0}};
  return kTable.at(static_cast<std::size_t>(tokens.back()));
}

/// Gives these rows one after the other, whatever the tokens are.
scripted::Model::Next one_by_one(std::vector<Row> rows, std::size_t prompt_length) {
  return [rows = std::move(rows), prompt_length](const Tokens& tokens) {
    return rows.at((tokens.size() - prompt_length) % rows.size());
  };
}

scripted::Model::Next always(const Row& row) {
  return [row](const Tokens&) { return row; };
}

/// Logits that depend on all tokens.
scripted::Model::Next hashed(std::uint64_t key, std::int64_t vocabulary) {
  return [=](const Tokens& tokens) { return logits::hashed_row(key, tokens, vocabulary, 4); };
}

}  // namespace

TEST(Greedy, EXAMPLE_UpToEos) {
  expect_greedy({after_last_token, {0}, 10, 3});
}

TEST(Greedy, EXAMPLE_EosInThePrompt) {
  expect_greedy({after_last_token, {1, 3}, 2, 3});
}

TEST(Choice, TheLargestLogitOfTheLastRow) {
  Random random;
  for (int round = 0; round < 10; ++round) {
    const std::int64_t vocabulary = random.integer(2, 40);
    const Tokens prompt = random.tokens(random.integer(1, 6), vocabulary);
    expect_greedy({hashed(support::seed() + static_cast<std::uint64_t>(round), vocabulary), prompt,
                   9, kNoEos});
  }
  expect_greedy({always({-3}), {0, 0}, 3, kNoEos});  // a vocabulary of one
}

TEST(Choice, TiesGoToTheLowestId) {
  Random random;
  std::vector<Row> rows;
  for (int i = 0; i < 12; ++i) rows.push_back(random.coarse_row(random.integer(30, 34), 3));
  for (Row& row : rows) row.resize(30);
  rows.emplace_back(30, -2.5f);
  rows.emplace_back(30, 0.0f);
  expect_greedy({one_by_one(rows, 2), {4, 2}, static_cast<std::int64_t>(rows.size()), kNoEos});

  Row wide(5000, -1);
  wide[1234] = wide[1235] = wide[4999] = 2;
  expect_greedy({always(wide), {7}, 1, kNoEos});
}

TEST(Choice, TheSmallestLeadIsEnough) {
  std::vector<Row> rows;
  for (const float value : {0.1f, -0.1f, 3.0f, -250.0f, 9999.0f, 1e-30f}) {
    Row row(12, value);
    row[0] = row[3] = std::nextafter(value, -1e30f);
    row[7] = std::nextafter(value, 1e30f);
    rows.push_back(row);
  }
  expect_greedy({one_by_one(rows, 1), {2}, 6, kNoEos});
}

TEST(Choice, NegativeHugeAndMinusInfinity) {
  constexpr float kLowest = std::numeric_limits<float>::lowest();
  const std::vector<Row> rows = {
      {-9, -7, -8, -7.5f},
      {-20000, -30000, -10000, -40000},
      {kMinusInfinity, kMinusInfinity, kLowest, kMinusInfinity},
      {kMinusInfinity, 1e4f, kMinusInfinity, 1.0001e4f},
      {-3e38f, 3e38f, -kLowest, 0},
      {-1e-38f, -2, -1, -3},
  };
  expect_greedy({one_by_one(rows, 1), {0}, 6, kNoEos});
}

TEST(Choice, LogitsThatLieApartInMemory) {
  Random random;
  const std::uint64_t key = support::seed();
  expect_greedy({hashed(key, 17), random.tokens(3, 17), 8, kNoEos, /*strided=*/true});
  expect_greedy({hashed(key + 1, 2), random.tokens(1, 2), 8, 1, /*strided=*/true});
}

TEST(Eos, EndsTheOutputAndBelongsToIt) {
  Random random;
  for (std::int64_t steps = 1; steps <= 6; ++steps) {
    const std::int64_t eos = random.integer(1, 8);
    std::vector<Row> rows;
    for (std::int64_t i = 0; i < 9; ++i) {
      Row row = random.row(9, 2);
      row[static_cast<std::size_t>(eos)] = i + 1 < steps ? -3.0f : 3.0f;
      rows.push_back(row);
    }
    expect_greedy({one_by_one(rows, 2), random.tokens(2, 9), 9, eos});
  }
}

TEST(Eos, InThePromptStopsNothing) {
  for (const Tokens& prompt : {Tokens{3}, Tokens{3, 3, 3}, Tokens{3, 0}, Tokens{1, 3, 2, 3}}) {
    expect_greedy({after_last_token, prompt, 6, 3});
    expect_greedy({hashed(support::seed(), 50), prompt, 6, 3});
  }
}

TEST(Eos, ZeroIsAnIdLikeAnyOther) {
  expect_greedy({one_by_one({{1, 2, 0}, {0, 1, 2}, {5, 1, 2}, {1, 2, 0}}, 1), {1}, 4, 0});
  expect_greedy({always({4, 1}), {0}, 5, 0});
}

TEST(Eos, NoIdEqualsIt) {
  for (const std::int64_t eos : {std::int64_t{-1}, std::int64_t{4}, std::int64_t{-4}, kLargest}) {
    expect_greedy({one_by_one({{0, 0, 0, 1}, {1, 0, 0, 0}, {0, 0, 1, 0}}, 1), {0}, 7, eos});
  }
}

TEST(Limit, IsKeptToTheToken) {
  for (std::int64_t limit = 1; limit <= 5; ++limit) {
    expect_greedy({hashed(support::seed(), 30), {3, 1}, limit, kNoEos});
    expect_greedy({one_by_one({{2, 0}, {2, 0}, {2, 0}, {0, 2}, {2, 0}}, 2), {1, 1}, limit, 1});
  }
}

TEST(Limit, ZeroMakesNoCall) {
  expect_greedy({hashed(support::seed(), 30), {3, 1}, 0, kNoEos});
  expect_greedy({after_last_token, {2, 3}, 0, 3});
}

TEST(Limit, MayBeAsLargeAsItGets) {
  expect_greedy({after_last_token, {0}, kLargest, 3});
  expect_greedy({after_last_token, {0}, kLargest / 8, 3});
}

TEST(Calls, AlwaysTheWholeSequence) {
  Random random;
  expect_greedy({hashed(support::seed(), 12), random.tokens(40, 12), 40, kNoEos});
  expect_greedy({hashed(support::seed() + 1, 12), random.tokens(1, 12), 70, kNoEos});
  expect_greedy({hashed(support::seed() + 2, 3), random.tokens(1100, 3), 3, kNoEos});
}

TEST(Errors, BadArgumentsBeforeAnyCall) {
  const Case cases[] = {{after_last_token, {}, 3, 3},
                        {after_last_token, {}, 0, 3},
                        {after_last_token, {0, 1}, -1, 3},
                        {after_last_token, {0}, std::numeric_limits<std::int64_t>::min(), 3}};
  for (const Case& c : cases) {
    scripted::Model model(c.next);
    const std::string what = c.prompt.empty() ? "an empty prompt" : "a negative max_new_tokens";
    report::expect_throws<std::invalid_argument>(what, "std::invalid_argument", facts_of(c), [&] {
      kata::greedy(model, c.prompt, c.max_new_tokens, c.eos);
    });
    if (model.calls().empty()) continue;
    report::fail(what + " was refused only after a call of the model, expected no call",
                 facts_of(c));
  }
}

TEST(Errors, LogitsWithoutALargest) {
  Random random;
  const auto refused = [](const std::string& what, const Row& bad, std::size_t step) {
    std::vector<Row> rows(step, Row{0, 1, 0, 0});
    rows.push_back(bad);
    const Case c{one_by_one(rows, 1), {2}, 6, kNoEos};
    scripted::Model model(c.next);
    Facts facts = facts_of(c);
    facts.push_back({"logits at step " + std::to_string(step), report::text(bad)});
    report::expect_throws<std::domain_error>(what, "std::domain_error", facts, [&] {
      kata::greedy(model, c.prompt, c.max_new_tokens, c.eos);
    });
  };
  for (std::size_t place = 0; place < 4; ++place) {
    Row row = random.row(4, 2);
    row[place] = kNaN;
    refused("a NaN among the logits", row, place % 2);
  }
  refused("logits that are all NaN", Row(4, kNaN), 0);
  refused("logits of NaN and -inf", {kMinusInfinity, kNaN, kMinusInfinity, kMinusInfinity}, 0);
  refused("logits that are all -inf", Row(4, kMinusInfinity), 0);
  refused("logits that are all -inf", Row(4, kMinusInfinity), 3);
}
