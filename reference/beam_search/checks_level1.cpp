#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "models.h"
#include "oracle.h"
#include "plain_cases.h"
#include "search_cases.h"
#include "support/report.h"

using cases::Case;
using cases::kLargest;
using cases::kNoEos;
using models::Random;
using oracle::Row;
using oracle::Search;
using oracle::Tokens;
using plain::expect_search;

namespace {

/// The model of the statement.
models::Model statement_model() {
  return models::by_last_token({{0, 0.6, 0.4, 0}, {0, 0.3, 0.3, 0.4}, {0, 0.1, 0, 0.9}});
}

/// The first of the random cases in which float32 and float64 agree on every decision.
template <typename Make>
void expect_clear(Make&& make) {
  while (true) {
    const Case c = make();
    const Search expected = oracle::search(c.model.next, c.prompt, c.settings);
    if (expected.margin >= cases::kClear) return expect_search(c, expected);
  }
}

}  // namespace

TEST(BeamSearch, EXAMPLE_TheGardenPath) {
  expect_search({statement_model(), {0}, {2, 10, 3}});
}

TEST(BeamSearch, EXAMPLE_WidthOneIsGreedy) {
  expect_search({statement_model(), {0}, {1, 10, 3}});
}

TEST(BeamSearch, KeepsTheBestOfAllCandidates) {
  Random random;
  for (int round = 0; round < 14; ++round) {
    expect_clear([&] {
      const std::int64_t vocabulary = random.integer(2, 9), eos = random.integer(0, vocabulary - 1);
      const double favour = random.between(-1, 2.5);
      return Case{models::hashed({random.key(), vocabulary, 2, eos, favour}),
                  random.tokens(random.integer(1, 5), vocabulary),
                  {random.integer(2, 6), random.integer(3, 8), eos}};
    });
  }
}

TEST(BeamSearch, LargeVocabulary) {
  Random random;
  expect_clear([&] {
    return Case{models::peaked(random.key(), 2000), random.tokens(3, 2000), {5, 3, kNoEos}, false};
  });
}

TEST(Width, OneIsGreedy) {
  Random random;
  for (int round = 0; round < 6; ++round) {
    expect_clear([&] {
      const std::int64_t vocabulary = random.integer(1, 12);
      return Case{models::hashed({random.key(), vocabulary}),
                  random.tokens(2, vocabulary),
                  {1, 8, random.integer(0, vocabulary)}};
    });
  }
}

TEST(Width, AnExhaustiveOneFindsTheOptimum) {
  Random random;
  for (int round = 0; round < 2; ++round) {
    while (true) {
      const Case c{models::hashed({random.key(), 4}), random.tokens(2, 4), {256, 4, 3}};
      Search expected;
      oracle::enumerate(c.model.next, c.prompt, c.settings, {}, expected.result);
      oracle::sort_by_score(expected.result, 256, expected.margin);
      const Search steps = oracle::search(c.model.next, c.prompt, c.settings);
      expected.margin = std::min(expected.margin, steps.margin);
      if (expected.margin < cases::kClear) continue;
      expected.calls = steps.calls;
      expect_search(c, expected);
      break;
    }
  }
}

TEST(Width, MayExceedTheCandidates) {
  Random random;
  for (const std::int64_t width : {std::int64_t{10}, std::int64_t{1} << 31, std::int64_t{1} << 32,
                                   (std::int64_t{1} << 32) + 1, kLargest}) {
    expect_clear([&] {
      const std::int64_t vocabulary = width == 10 ? 2 : 3;
      return Case{models::hashed({random.key(), vocabulary}),
                  random.tokens(1, vocabulary),
                  {width, vocabulary == 2 ? 4 : 2, 1}};
    });
  }
}

TEST(FinishedInTheBeam, KeepsPlaceAndScore) {
  const Tokens prompt = {0, 2};
  const std::vector<double> otherwise = {0, 0.2, 0.3, 0.5};
  // Finished at the first step and best throughout; finished in the second place and then first.
  expect_search({models::tree(prompt,
                              {{{}, {0, 0.3, 0.2, 0.5}},
                               {{1}, {0, 0.9, 0.06, 0.04}},
                               {{1, 1}, {0, 0.8, 0.15, 0.05}},
                               {{1, 1, 1}, {0, 0.7, 0.2, 0.1}}},
                              otherwise),
                 prompt,
                 {2, 4, 3}});
  expect_search(
      {models::tree(prompt, {{{}, {0, 0.6, 0, 0.4}}, {{1}, {0, 0.5, 0.3, 0.2}}}, otherwise),
       prompt,
       {2, 4, 3}});
}

TEST(FinishedInTheBeam, CanBePushedOut) {
  const Tokens prompt = {1};
  expect_search({models::tree(prompt, {{{}, {0, 0.7, 0.1, 0.2}}, {{1}, {0, 0.5, 0.36, 0.14}}},
                              {0, 0.2, 0.3, 0.5}),
                 prompt,
                 {2, 5, 3}});
}

TEST(FinishedInTheBeam, TheSearchGoesOnWhileOneIsLive) {
  const Tokens prompt = {2, 2};
  expect_search(
      {models::tree(
           prompt,
           {{{}, {0, 0.06, 0.04, 0.9}}, {{1}, {0, 0.6, 0.3, 0.1}}, {{1, 1}, {0, 0, 0.02, 0.98}}},
           {1, 0, 0, 0}),
       prompt,
       {2, 10, 3}});
  // All finish at once.
  expect_search(
      {models::tree(prompt, {{{}, {0.2, 0.5, 0.3, 0}}}, {0, 0, 0, 1}), prompt, {3, 9, 3}});
}

TEST(BeamEos, ZeroIsAnIdLikeAnyOther) {
  Random random;
  for (int round = 0; round < 3; ++round) {
    expect_clear([&] {
      return Case{models::hashed({random.key(), 5, 2, 0, 1.5}), {1, 0, 2}, {3, 6, 0}};
    });
  }
}

TEST(BeamEos, NoIdEqualsIt) {
  Random random;
  for (const std::int64_t eos : {std::int64_t{-1}, std::int64_t{5}, std::int64_t{-5}, kLargest}) {
    expect_clear([&] {
      return Case{models::hashed({random.key(), 5}), random.tokens(2, 5), {3, 5, eos}};
    });
  }
}

TEST(BeamEos, InThePromptPlaysNoPart) {
  Random random;
  for (const Tokens& prompt : {Tokens{3}, Tokens{3, 3, 3}, Tokens{1, 3}, Tokens{3, 0}}) {
    expect_clear([&] {
      return Case{models::hashed({random.key(), 6, 2, 3, 1}), prompt, {3, 5, 3}};
    });
  }
}

TEST(BeamLimit, IsKeptToTheStep) {
  Random random;
  for (std::int64_t limit = 1; limit <= 4; ++limit) {
    expect_clear([&] {
      return Case{models::hashed({random.key(), 7, 2, 4, 1}), random.tokens(4, 7), {3, limit, 4}};
    });
  }
}

TEST(BeamLimit, ZeroMakesNoCall) {
  expect_search({statement_model(), {0}, {2, 0, 3}});
  expect_search({statement_model(), {2, 3}, {1, 0, 3}});
}

TEST(BeamLimit, MayBeAsLargeAsItGets) {
  for (const std::int64_t limit : {kLargest, std::int64_t{1} << 32}) {
    expect_search({statement_model(), {0}, {2, limit, 3}});
  }
}

TEST(BeamTies, GoToTheEarlierPlaceThenTheLowerId) {
  expect_search({models::by_step({1}, {Row(3, 0)}), {1}, {5, 3, kNoEos}});
  Random random;
  for (int round = 0; round < 6; ++round) {  // two ids can follow, both with probability 1/2
    const std::int64_t eos = round % 2 == 0 ? kNoEos : random.integer(0, 4);
    expect_search({models::coins(random.key(), 5), random.tokens(2, 5), {3 + round, 5, eos}});
  }
}

TEST(BeamTies, FinishedOnesTieFromTheirOwnPlace) {
  const Tokens prompt = {0};
  for (const std::int64_t eos : {1, 3}) {  // after the other one 2 follows for certain
    expect_search(
        {models::tree(prompt, {{{}, {0, 0.5, 0, 0.5}}}, {0, 0, 1, 0}), prompt, {3, 4, eos}});
  }
}

TEST(LogProbabilities, OfLongOutputs) {
  Random random;
  std::vector<Row> rows;
  for (int step = 0; step < 380; ++step) {
    Row row(12, 0);
    const std::int64_t best = random.integer(0, 10);
    row[static_cast<std::size_t>(best)] = static_cast<float>(random.between(0.5, 0.55));
    if (step == 0) row[11] = 0.25f;
    rows.push_back(row);
  }
  const std::string told = "V = 12; logits 0, but for one id of every step about 0.5";
  expect_search({models::by_step({7}, rows, told), {7}, {2, 380, kNoEos}});
}

TEST(LogProbabilities, OfLogitsOfAnySize) {
  const Tokens prompt = {1, 2};
  const std::vector<std::vector<Row>> all = {
      {{10000, 9999, -10000, 3}},
      {{-10000, -9998.5f, -9999, -10000}},
      {{9000, 9000, 9001, 9000.5f}, {0, 0.7f, -4, -1.1f}},
      {{-120, -750, -121, -760}, {88, 89, 700, 720}},
  };
  for (const std::vector<Row>& rows : all) {
    const auto steps = static_cast<std::int64_t>(rows.size());
    expect_search({models::by_step(prompt, rows), prompt, {4, steps, kNoEos}});
  }
  expect_search({models::by_step(prompt, all[1]), prompt, {9, 2, kNoEos}});
}

TEST(LogProbabilities, MinusInfinityIsNeverAppended) {
  const Tokens prompt = {0};
  const std::map<Tokens, std::vector<double>> branches = {
      {{}, {0, 1, 0, 0}}, {{1}, {0.7, 0, 0.3, 0}}, {{1, 0}, {0, 0, 0, 1}}, {{1, 2}, {0, 1, 0, 0}}};
  for (const std::int64_t limit : {1, 2, 3, 4}) {
    expect_search({models::tree(prompt, branches, {0, 1, 0, 0}), prompt, {5, limit, 3}});
  }
}

TEST(LogProbabilities, LogitsMayLieApartInMemory) {
  Random random;
  for (const std::int64_t vocabulary : {2, 7}) {
    expect_clear([&] {
      Case c{models::hashed({random.key(), vocabulary}), random.tokens(3, vocabulary), {3, 5, 1}};
      c.contiguous = false;
      return c;
    });
  }
}

TEST(BeamErrors, BadArgumentsBeforeAnyCall) {
  constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  const auto refused = [](const std::string& what, const Tokens& prompt,
                          const oracle::Settings& settings) {
    plain::expect_refused<std::invalid_argument>(what, "std::invalid_argument",
                                                 {statement_model(), prompt, settings}, 0);
  };
  refused("an empty prompt", {}, {2, 3, 3});
  refused("an empty prompt", {}, {2, 0, 3});
  for (const std::int64_t width : {std::int64_t{0}, std::int64_t{-1}, kLowest}) {
    refused("a width below 1", {0}, {width, 3, 3});
    refused("a width below 1", {0}, {width, 0, 3});
  }
  refused("a negative max_new_tokens", {0, 1}, {2, -1, 3});
  refused("a negative max_new_tokens", {0}, {2, kLowest, 3});
}

TEST(BeamErrors, LogitsWithoutADistribution) {
  const Tokens prompt = {0};
  for (const cases::Broken& broken : cases::broken_models(prompt)) {
    // One call at the first step, two at each later one.
    plain::expect_refused<std::domain_error>("logits with NaN, or all -inf", "std::domain_error",
                                             {broken.model, prompt, {2, 3, kNoEos}},
                                             static_cast<std::size_t>(2 * broken.step - 1));
  }
}
