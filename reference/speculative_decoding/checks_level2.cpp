#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "distribution_cases.h"
#include "error_cases.h"
#include "level2.h"
#include "sampling_cases.h"
#include "verify_cases.h"

using logits::kMinusInfinity;
using logits::Next;
using logits::Random;
using logits::random_model;
using logits::Row;
using oracle::Generation;
using oracle::Probabilities;
using oracle::Tokens;
using sampling::always;
using sampling::Case;
using sampling::expect_planned;
using sampling::expect_sampled;
using sampling::expect_tokens;
using sampling::expect_verified;
using sampling::kBelowOne;
using sampling::kInside;
using sampling::near;
using sampling::only_parity;
using sampling::tenths;

namespace {

constexpr std::int64_t kNoEos = -1;

void generate(kata::CachedModel& target, kata::CachedModel& draft, const Generation& g) {
  kata::speculative_sample(target, draft, g.prompt, g.draft_length, g.max_new_tokens, g.eos,
                           [] { return 0.5; });
}

}  // namespace

TEST(Verify, EXAMPLE_AcceptedOrResampled) {
  const Case run{{{0.5, 0.1, 0.4}, {0.2, 0.3, 0.5}}, {{0.2, 0.6, 0.2}}, {1}};
  expect_tokens(run, {0.1, 0.4}, {1, 1}, 2);
  expect_tokens(run, {0.3, 0.7}, {2}, 2);
}

TEST(SampledRounds, EXAMPLE_TwoRounds) {
  const auto ln = [](double p) { return static_cast<float>(std::log(p)); };
  const Generation g{always({ln(0.25), ln(0.25), ln(0.5)}),
                     always({ln(0.5), ln(0.25), ln(0.25)}),
                     {0},
                     2,
                     3,
                     kNoEos};
  sampling::Given given({0.6, 0.2, 0.9, 0.7, 0.3, 0.4});
  const oracle::Trace trace = sampling::traced(g, given);
  if (trace.output != Tokens{1, 2, 1}) throw std::runtime_error("the oracle misses the example");
  expect_planned(g, {trace, given.list}, "always 0.5, 0.25, 0.25");
}

TEST(Acceptance, BelowTheRatioOfProbabilities) {
  for (std::int64_t turn = 0; turn < 4; ++turn) {
    for (std::int64_t x = 0; x < 4; ++x) {
      const Case run = tenths(x, turn);
      const auto id = static_cast<std::size_t>(run.proposals[0]);
      const double ratio = run.p[0][id] / run.q[0][id];
      for (const double u : {0.0, 0.5 * ratio, ratio - kInside, ratio + kInside, 0.9}) {
        if (u < 1) expect_verified(run, {u, 0.6});
      }
    }
  }
}

TEST(Acceptance, CertainAndImpossible) {
  const Probabilities bonus = {0.25, 0.25, 0.5, 0};
  const Probabilities same = {0.5, 0.125, 0.125, 0.25}, without = {0.5, 0.5, 0, 0};
  const Probabilities more = {0.5, 0.25, 0.25, 0}, less = {0.25, 0.5, 0.25, 0};
  for (const double u : {0.0, 0.5, kBelowOne}) {
    for (const std::int64_t x : {0, 1, 2, 3}) {
      expect_verified({{same, bonus}, {same}, {x}}, {u, 0.3});  // p = q: accepted
    }
    expect_verified({{more, bonus}, {less}, {0}}, {u, 0.3});          // p > q: accepted
    expect_verified({{without, bonus}, {same}, {2}}, {u, 0.3});       // p = 0: never
    expect_verified({{{0, 0, 0, 1}, bonus}, {same}, {0}}, {u, 0.3});  // p = 0: never
    expect_verified({{less, bonus}, {without}, {2}}, {u, 0.3});       // q = 0 < p: accepted
    expect_verified({{less, bonus}, {without}, {3}}, {u, 0.3});       // both 0: rejected
  }
  expect_verified({{more, bonus}, {less}, {1}}, {0.5, 0.3});  // u = p / q exactly: rejected
  expect_verified({{more, bonus}, {less}, {1}}, {std::nextafter(0.5, 0), 0.3});
}

TEST(Acceptance, EachProposalByItsOwnRow) {
  Random random;
  for (int round = 0; round < 30; ++round) {
    const std::int64_t k = random.integer(1, 6);
    expect_verified(sampling::random_run(random, k, random.integer(2, 9)), random);
  }
  // Accepted for certain up to the last.
  for (std::int64_t k = 2; k <= 5; ++k) {
    Case run = sampling::random_run(random, k, 5);
    for (std::int64_t i = 0; i + 1 < k; ++i) {
      run.p[static_cast<std::size_t>(i)] = run.q[static_cast<std::size_t>(i)];
    }
    expect_verified(run, random);
  }
}

TEST(Residual, WhatTheDraftGaveTooLittle) {
  for (std::int64_t turn = 0; turn < 4; ++turn) {
    const Case run = tenths(0, turn);  // ratio 0.25, the residual 0.2 and 0.2 of 0.4
    for (const double u : {0.0, 0.1, 0.5 - kInside, 0.5 + kInside, 0.9, 1 - kInside, kBelowOne}) {
      expect_verified(run, {0.3, u});
    }
  }
  // A residual of 0.04, in which p itself has another order.
  const Case small{{{0.3, 0.29, 0.21, 0.2}, {1, 0, 0, 0}}, {{0.28, 0.27, 0.23, 0.22}}, {3}};
  for (const double u : {0.1, 0.45, 0.7, 0.99}) expect_verified(small, {0.95, u});
  Random random;
  for (int round = 0; round < 12; ++round) {
    Case run = sampling::random_run(random, 1, random.integer(3, 8));
    run.p[0][static_cast<std::size_t>(run.proposals[0])] = 0;  // rejected for certain
    const double total = oracle::sum(run.p[0]);
    for (double& p : run.p[0]) p /= total;
    expect_verified(run, random);
  }
}

TEST(Residual, BordersAndEndsOfTheInterval) {
  // The residual is [0, 1/4, 0, 1/4, 0], half of it each; then [1/8, 0, 1/8, 1/4].
  const Case half{
      {{0, 0.5, 0.125, 0.375, 0}, {1, 0, 0, 0, 0}}, {{0.5, 0.25, 0.125, 0.125, 0}}, {0}};
  const Case quarters{{{0.25, 0, 0.25, 0.5}, {0, 0, 0, 1}}, {{0.125, 0.5, 0.125, 0.25}}, {1}};
  for (const double u : {0.0, 0.25, 0.5, std::nextafter(0.5, 0), 0.75, kBelowOne}) {
    expect_verified(half, {0.0, u});
    expect_verified(quarters, {0.9, u});
  }
}

TEST(Residual, AllZeroMeansTheTarget) {
  const double step = std::ldexp(1.0, -20);
  const Probabilities bonus = {1, 0, 0, 0}, halves = {0.5, 0.25, 0.25, 0};
  const Case absent{{halves, bonus}, {halves}, {3}};  // neither model knows the proposal
  const Case rounded{{{0.5, 0.25, 0.25 - step, 0}, bonus}, {halves}, {2}};
  const Case alone{{{0, 1, 0, 0}, bonus}, {{0, 1, 0, 0}}, {2}};
  const Case excess{{{0, 1, 0, 0}, bonus}, {{4 * step, 1, 0, 4 * step}}, {0}};
  for (const double u : {0.0, 0.3, 0.6, 0.9, kBelowOne}) {
    expect_verified(absent, {0.0, u});
    expect_verified(absent, {0.5, u});
    expect_verified(rounded, {kBelowOne, u});
    expect_verified(alone, {0.2, u});
    expect_verified(excess, {0.5, u});
  }
}

TEST(Bonus, IsDrawnFromTheLastRow) {
  Random random;
  for (std::int64_t k = 0; k <= 4; ++k) {
    Case run = sampling::random_run(random, k, 6);
    for (std::size_t i = 0; i < run.q.size(); ++i) run.p[i] = run.q[i];
    for (int round = 0; round < 3; ++round) expect_verified(run, random);
    std::vector<double> numbers(static_cast<std::size_t>(k), 0.99);
    run.p.back() = {0, 0.5, 0, 0.25, 0.25, 0};
    for (const double u : {0.0, 0.5, 0.74, 0.75, kBelowOne}) {
      numbers.push_back(u);
      expect_verified(run, numbers);
      numbers.pop_back();
    }
  }
}

TEST(VerifiedEos, EndsTheResult) {
  Random random;
  for (std::size_t place = 0; place < 4; ++place) {
    for (const std::int64_t eos : {0, 4}) {
      Case run = sampling::random_run(random, 4, 5);
      for (std::size_t i = 0; i < 4; ++i) {
        if (i <= place) run.p[i] = run.q[i];  // accepted for certain
        run.proposals[i] = i == place ? eos : random.integer(1, 3);
      }
      run.eos = eos;
      expect_verified(run, random);
      run.p[place][static_cast<std::size_t>(eos)] = 0;  // rejected for certain
      const double total = oracle::sum(run.p[place]);
      for (double& p : run.p[place]) p /= total;
      run.q[place] = sampling::random_probabilities(random, 5);
      expect_verified(run, random);
    }
  }
  Case last{{{0.5, 0.5}, {0.5, 0.5}}, {{0.5, 0.5}}, {1}, 1};
  expect_verified(last, {0.9, 0.1});
  last.eos = kNoEos;
  expect_verified(last, {0.9, 0.1});
}

TEST(VerifyMemory, RowsMayLieApart) {
  Random random;
  for (int round = 0; round < 6; ++round) {
    expect_verified(sampling::random_run(random, random.integer(0, 4), 5), random,
                    /*contiguous=*/false);
  }
}

TEST(SampledRounds, DraftsOfAllKinds) {
  Random random;
  for (int round = 0; round < 6; ++round) {
    const std::int64_t vocabulary = random.integer(2, 9), draft_length = random.integer(1, 5);
    const Next target = random_model(random.key(), vocabulary, 2);
    const Next other = random_model(random.key(), vocabulary, 2);
    const Tokens prompt = random.tokens(random.integer(1, 5), vocabulary);
    const std::int64_t eos = round < 3 ? kNoEos : 1;
    expect_sampled({target, target, prompt, draft_length, 11, eos}, random, "the target's logits");
    expect_sampled({target, other, prompt, draft_length, 11, eos}, random, "another model");
    expect_sampled({target, near(target, other), prompt, draft_length, 14, eos}, random,
                   "near the target");
  }
}

TEST(SampledRounds, MinusInfinityAndLargeLogits) {
  Random random;
  const Next model = random_model(random.key(), 6), other = random_model(random.key(), 6);
  for (const std::size_t parity : {0U, 1U}) {
    const Next target = only_parity(model, parity);
    expect_sampled({target, only_parity(other, 1 - parity), {2}, 3, 6, kNoEos}, random,
                   "gives all probability to ids that the target never says");
    expect_sampled({target, other, {2}, 3, 9, kNoEos}, random, "any id");
    expect_sampled({model, only_parity(other, parity), {2}, 3, 9, kNoEos}, random, "half the ids");
  }
  const Next large = always({10000, 9999, -10000, 9998.5f});
  const Next larger = always({-10000, -9999, -10001, -10000});
  expect_sampled({large, larger, {0, 1}, 2, 8, kNoEos}, random, "logits around -10000");
  expect_sampled({larger, large, {0, 1}, 2, 8, kNoEos}, random, "logits around 10000");
}

TEST(SampledRounds, NumbersAtTheEndsOfTheInterval) {
  constexpr float kNone = kMinusInfinity;
  const Next target = always({kNone, 1, 0, kNone, 2, kNone});
  const Next drafts[] = {always({kNone, 0, 1, 2, 0, kNone}), always({0, kNone, 0, 2, kNone, kNone}),
                         always({kNone, kNone, 0, kNone, kNone, kNone})};
  for (const Next& draft : drafts) {
    for (const std::vector<double>& pattern :
         {std::vector<double>{0.0}, {kBelowOne}, {0.0, kBelowOne}, {kBelowOne, kBelowOne, 0.0}}) {
      std::vector<double> numbers;
      for (std::size_t i = 0; i < 60; ++i) numbers.push_back(pattern[i % pattern.size()]);
      const Generation g{target, draft, {1}, 2, 8, kNoEos};
      sampling::Given given(numbers);
      const oracle::Trace trace = sampling::traced(g, given);
      numbers.resize(given.taken);
      expect_planned(g, {trace, numbers}, "constant logits, some of them -inf");
    }
  }
}

TEST(SampledRounds, EndOfOutput) {
  Random random;
  const Next target = random_model(random.key(), 4, 1), other = random_model(random.key(), 4, 1);
  for (std::int64_t limit = 0; limit <= 5; ++limit) {
    for (const std::int64_t draft_length : {0, 1, 2, 7}) {
      expect_sampled({target, other, {3, 1}, draft_length, limit, kNoEos}, random, "another model");
    }
  }
  for (int round = 0; round < 8; ++round) {
    for (const Next& draft : {target, other}) {
      expect_sampled({target, draft, {0, 2}, 3, std::numeric_limits<std::int64_t>::max(), 0},
                     random, "the target or another model");
    }
  }
}

TEST(SampledRounds, LogitsThatLieApartInMemory) {
  Random random;
  const Next target = random_model(random.key(), 7), other = random_model(random.key(), 7);
  expect_sampled({target, other, {3}, 3, 9, kNoEos}, random, "another model", false);
  expect_sampled({target, target, {3}, 3, 9, kNoEos}, random, "the target's logits", false);
}

TEST(SampledErrors, BadArgumentsBeforeAnyCall) {
  errors::expect_bad_arguments_refused(generate);
}

TEST(SampledErrors, RowsThatDecideWithoutADistribution) {
  errors::expect_bad_rows_refused(generate);
}

TEST(Distribution, OfEachTokenIsTheTargets) {
  sampling::expect_tokens_like_target();
}

TEST(Distribution, SLOW_OfWholeOutputsIsTheTargets) {
  sampling::expect_outputs_like_target();
}
