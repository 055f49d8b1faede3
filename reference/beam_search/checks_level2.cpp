#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "cached_cases.h"
#include "finished_checks_level2.h"
#include "models.h"
#include "oracle.h"
#include "search_cases.h"
#include "support/report.h"

using cached::expect_cached;
using cached::kEos;
using cases::Case;
using cases::kLargest;
using cases::kNoEos;
using models::Random;
using models::tree;
using oracle::Row;
using oracle::Search;
using oracle::Tokens;

namespace {

/// The model of the statement.
models::Model statement_model() {
  return models::by_last_token(
      {{0, 0.6, 0.4, 0}, {0, 0.3, 0.3, 0.4}, {0, 0.1, 0, 0.9}, {0, 1, 0, 0}});
}

/// The first of the random cases in which float32 and float64 agree on every decision.
template <typename Make>
void expect_clear(Make&& make) {
  while (true) {
    const Case c = make();
    const Search expected = oracle::cached_search(c.model.next, c.prompt, c.settings);
    if (expected.margin >= cases::kClear) return expect_cached(c, expected);
  }
}

double some_penalty(Random& random) {
  return std::vector<double>{0, 0.5, 1, 1.5, 2, -1}.at(
      static_cast<std::size_t>(random.integer(0, 5)));
}

}  // namespace

TEST(CachedSearch, EXAMPLE_TheCacheIsReordered) {
  expect_cached({statement_model(), {0}, {2, 3, kNoEos}});
}

TEST(CachedSearch, EXAMPLE_LengthPenalty) {
  for (const double alpha : {1.0, 0.0}) {
    expect_cached({statement_model(), {1}, {2, 10, kEos, alpha}});
  }
}

TEST(CachedSearch, KeepsTheBestOfAllCandidates) {
  Random random;
  for (int round = 0; round < 20; ++round) {
    expect_clear([&] {
      const std::int64_t vocabulary = random.integer(2, 9), eos = random.integer(0, vocabulary - 1);
      const double favour = random.between(-1, 2.5);
      return Case{models::hashed({random.key(), vocabulary, 2, eos, favour}),
                  random.tokens(random.integer(1, 5), vocabulary),
                  {random.integer(2, 6), random.integer(3, 8), eos, some_penalty(random)}};
    });
  }
}

TEST(CachedSearch, LargeVocabulary) {
  Random random;
  expect_clear([&] {
    return Case{models::peaked(random.key(), 2000), random.tokens(3, 2000), {5, 3, kNoEos}};
  });
}

TEST(CachedWidth, OneIsGreedyWhateverThePenalty) {
  Random random;
  for (const double alpha : {0.0, 1.0, 3.0, -2.0}) {
    expect_clear([&] {
      const std::int64_t vocabulary = random.integer(2, 8);
      return Case{models::hashed({random.key(), vocabulary, 2, 1, 0.5}),
                  random.tokens(2, vocabulary),
                  {1, 8, 1, alpha}};
    });
  }
}

TEST(CachedWidth, AnExhaustiveOneFindsTheOptimum) {
  Random random;
  for (const double alpha : {0.0, 0.7, -0.5}) {
    while (true) {
      const Case c{models::hashed({random.key(), 4}), random.tokens(2, 4), {256, 4, kEos, alpha}};
      Search expected;
      oracle::enumerate(c.model.next, c.prompt, c.settings, {}, expected.result);
      oracle::sort_by_score(expected.result, 256, expected.margin);
      const Search steps = oracle::cached_search(c.model.next, c.prompt, c.settings);
      expected.margin = std::min(expected.margin, steps.margin);
      if (expected.margin < cases::kClear) continue;
      expected.steps = steps.steps;
      expect_cached(c, expected);
      break;
    }
  }
}

TEST(CachedWidth, MayExceedTheCandidates) {
  Random random;
  for (const std::int64_t width :
       {std::int64_t{10}, std::int64_t{1} << 31, std::int64_t{1} << 32, (std::int64_t{1} << 32) + 1,
        (std::int64_t{1} << 62) + 1, kLargest}) {
    expect_clear([&] {
      const std::int64_t vocabulary = width == 10 ? 2 : 3;
      return Case{models::hashed({random.key(), vocabulary}),
                  random.tokens(1, vocabulary),
                  {width, vocabulary == 2 ? 4 : 2, 1, 0.5}};
    });
  }
}

TEST(Cache, FollowsItsHypotheses) {
  Random random;
  for (int round = 0; round < 3; ++round) {
    expect_clear([&] {
      return Case{models::hashed({random.key(), 6, 1.5}), random.tokens(4, 6), {4, 9, kNoEos}};
    });
  }
}

TEST(Cache, HasAsManyRowsAsHypothesesLive) {
  const Tokens prompt = {0, 1};
  const models::Model model = tree(prompt,
                                   {{{}, {0, 0.5, 0.2, 0.3}},
                                    {{2}, {0, 0.3, 0.7, 0}},
                                    {{2, 1}, {0.6, 0.4, 0, 0}},
                                    {{2, 2}, {0.15, 0.85, 0, 0}}},
                                   {0, 0, 0, 1});
  for (const std::int64_t limit : {1, 2, 3, 4, 5}) {
    expect_cached({model, prompt, {5, limit, kEos, 0.5}});
  }
  // Three rows, of which the last one ends and the others stay in place.
  const models::Model narrower = tree(prompt,
                                      {{{}, {0.5, 0.3, 0.2, 0}},
                                       {{0}, {1, 0, 0, 0}},
                                       {{1}, {0, 1, 0, 0}},
                                       {{0, 0}, {0.56, 0.44, 0, 0}},
                                       {{1, 1}, {0.9, 0.1, 0, 0}}},
                                      {0, 0, 0, 1});
  for (const std::int64_t limit : {3, 5}) expect_cached({narrower, prompt, {3, limit, kEos}});
}

TEST(CachedLimit, LiveOnesCompeteAtTheLast) {
  const Tokens prompt = {2, 0};
  const std::map<Tokens, std::vector<double>> branches = {
      {{}, {0, 0.5, 0.2, 0.3}}, {{1}, {0.1, 0.82, 0.05, 0.03}}, {{1, 1}, {0, 0.1, 0.85, 0.05}}};
  for (const std::int64_t limit : {1, 2, 3, 4}) {
    for (const double alpha : {0.0, 1.0, -1.0}) {
      expect_cached(
          {tree(prompt, branches, {0.36, 0.32, 0.28, 0.04}), prompt, {2, limit, kEos, alpha}});
    }
  }
}

TEST(CachedLimit, ZeroMakesNoCall) {
  for (const double alpha : {0.0, 1.0, 0.5, -1.0}) {
    expect_cached({statement_model(), {0, 3}, {2, 0, kEos, alpha}});
  }
}

TEST(CachedLimit, MayBeAsLargeAsItGets) {
  for (const std::int64_t limit : {kLargest, std::int64_t{1} << 32}) {
    expect_cached({statement_model(), {0}, {2, limit, kEos, 1}});
  }
}

TEST(LengthPenalty, DividesByTheNewTokensWithEos) {
  const Tokens prompt = {0, 1, 2, 0, 1, 2, 1};
  const models::Model model = tree(prompt,
                                   {{{}, {0, 0.6, 0.08, 0.32}},
                                    {{1}, {0, 0.65, 0.1, 0.25}},
                                    {{1, 1}, {0, 0.7, 0.1, 0.2}},
                                    {{1, 1, 1}, {0, 0.33, 0.1, 0.57}}},
                                   {0.1, 0.4, 0.35, 0.15});
  for (const double alpha : {0.0, 0.5, 1.0, 1.7, 4.0, -0.5, -1.0, -4.0}) {
    expect_cached({model, prompt, {4, 6, kEos, alpha}});
    expect_cached({model, prompt, {3, 3, kEos, alpha}});
  }
}

TEST(CachedTies, GoToTheLowerRowThenTheLowerId) {
  expect_cached({models::by_step({1}, {Row(3, 0)}), {1}, {5, 3, kNoEos}});
  Random random;
  for (int round = 0; round < 8; ++round) {  // two ids can follow, both with probability 1/2
    const std::int64_t eos = round % 2 == 0 ? kNoEos : random.integer(0, 4);
    const double alpha = round % 4 == 1 ? 0 : 0.5;
    expect_cached(
        {models::coins(random.key(), 5), random.tokens(2, 5), {2 + round, 5, eos, alpha}});
  }
}

TEST(CachedTies, EqualScoresInTheOrderOfSettingAside) {
  const Tokens prompt = {0};
  const std::map<Tokens, std::vector<double>> branches = {{{}, {0, 0.5, 0, 0.5}}};
  for (const std::int64_t width : {2, 3}) {  // after 1 another one follows for certain
    expect_cached({tree(prompt, branches, {0, 0, 0, 1}), prompt, {width, 4, kEos}});
    expect_cached({tree(prompt, branches, {0, 0, 1, 0}), prompt, {width, 4, kEos}});
    expect_cached({tree(prompt, branches, {1, 0, 0, 0}), prompt, {width, 4, 1}});
  }
}

TEST(CachedEos, ZeroAndIdsThatDoNotOccur) {
  Random random;
  for (const std::int64_t eos : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{5}, kLargest}) {
    expect_clear([&] {
      return Case{models::hashed({random.key(), 5, 2, 0, 1.5}), {1, 0, 2}, {3, 5, eos, 1}};
    });
  }
}

TEST(CachedEos, InThePromptPlaysNoPart) {
  Random random;
  for (const Tokens& prompt : {Tokens{3}, Tokens{3, 3, 3}, Tokens{1, 3}, Tokens{3, 0}}) {
    expect_clear([&] {
      return Case{models::hashed({random.key(), 6, 2, 3, 1}), prompt, {3, 5, 3, 0.5}};
    });
  }
}

TEST(CachedLogProbabilities, OfLongOutputsAndLogitsOfAnySize) {
  Random random;
  std::vector<Row> rows;
  for (int step = 0; step < 700; ++step) {
    Row row(5, 0);
    const std::int64_t best = random.integer(0, 3);
    row[static_cast<std::size_t>(best)] = static_cast<float>(random.between(0.5, 0.55));
    if (step == 0) row[4] = 0.25f;
    rows.push_back(row);
  }
  const std::string told = "V = 5; logits 0, but for one id of every step about 0.5";
  expect_cached({models::by_step({2, 1}, rows, told), {2, 1}, {2, 700, kNoEos, 1}});
  expect_cached({models::by_step({1}, {{10000, 9999, -10000, 3}}), {1}, {4, 1, 2, 1}});
  for (const float far_behind : {-40.0f, -800.0f, -9000.0f}) {  // and yet it goes on
    const std::vector<Row> few = {{0, far_behind, models::kMinusInfinity},
                                  {0, models::kMinusInfinity, models::kMinusInfinity}};
    expect_cached({models::by_step({2}, few), {2}, {2, 3, kNoEos}});
  }
}

TEST(CachedLogProbabilities, LogitsMayLieApartInMemory) {
  Random random;
  for (const std::int64_t vocabulary : {2, 7}) {
    expect_clear([&] {
      Case c{models::hashed({random.key(), vocabulary}), random.tokens(3, vocabulary), {3, 5, 1}};
      c.contiguous = false;
      return c;
    });
  }
}

TEST(CachedErrors, BadArgumentsBeforeAnyCall) {
  constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  constexpr double kInfinity = oracle::kInfinity;
  const auto refused = [](const std::string& what, const Tokens& prompt,
                          const oracle::Settings& settings) {
    cached::expect_refused<std::invalid_argument>(what, "std::invalid_argument",
                                                  {statement_model(), prompt, settings}, 0);
  };
  for (const std::int64_t limit : {3, 0}) {
    refused("an empty prompt", {}, {2, limit, kEos});
    for (const std::int64_t width : {std::int64_t{0}, std::int64_t{-1}, kLowest}) {
      refused("a width below 1", {0}, {width, limit, kEos});
    }
    for (const double alpha : {std::nan(""), kInfinity, -kInfinity}) {
      refused("a length_penalty that is not finite", {0}, {2, limit, kEos, alpha});
    }
  }
  refused("a negative max_new_tokens", {0, 1}, {2, -1, kEos});
  refused("a negative max_new_tokens", {0}, {2, kLowest, kEos});
}

TEST(CachedErrors, LogitsWithoutADistribution) {
  const Tokens prompt = {0};
  for (const cases::Broken& broken : cases::broken_models(prompt)) {
    cached::expect_refused<std::domain_error>("logits with NaN, or all -inf", "std::domain_error",
                                              {broken.model, prompt, {2, 3, kNoEos}},
                                              static_cast<std::size_t>(broken.step));
  }
}
