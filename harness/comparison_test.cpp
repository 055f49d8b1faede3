#include "comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace unaided {
namespace {

/// Rounds whose ratio scatters about `speed`; now and then one is disturbed.
std::vector<double> noisy_rounds(double speed, double noise, int rounds, std::mt19937_64& random) {
  std::normal_distribution<double> normal(0, noise);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<double> speeds;
  for (int i = 0; i < rounds; ++i) {
    const double disturbance = uniform(random) < 0.1 ? 8 * normal(random) : 0;
    speeds.push_back(speed * std::exp(normal(random) + disturbance));
  }
  return speeds;
}

int count_of(Standing standing, double speed, double noise, int rounds, int runs) {
  std::mt19937_64 random(static_cast<std::uint64_t>(rounds) * 7919 + 1);
  int count = 0;
  for (int run = 0; run < runs; ++run) {
    const auto speeds = noisy_rounds(speed, noise, rounds, random);
    count += compare_paired(speeds, random()).standing == standing ? 1 : 0;
  }
  return count;
}

TEST(Comparison, EqualSeedsGiveEqualResults) {
  std::mt19937_64 random(1);
  const auto speeds = noisy_rounds(1.1, 0.05, 21, random);
  const Comparison first = compare_paired(speeds, 7);
  const Comparison second = compare_paired(speeds, 7);
  EXPECT_EQ(first.speed.low, second.speed.low);
  EXPECT_EQ(first.speed.high, second.speed.high);
  EXPECT_LE(first.speed.low, first.speed.median);
  EXPECT_GE(first.speed.high, first.speed.median);
}

TEST(Comparison, AClearDifferenceHasItsName) {
  const std::vector<double> steady(15, 1.0);
  EXPECT_EQ(compare_paired(std::vector<double>(15, 1.5), 1).standing, Standing::kFaster);
  EXPECT_EQ(compare_paired(std::vector<double>(15, 0.7), 1).standing, Standing::kSlower);
  EXPECT_EQ(compare_paired(steady, 1).standing, Standing::kSame);
}

TEST(Comparison, ADifferenceWithinTheMarginIsTheSame) {
  EXPECT_EQ(compare_paired(std::vector<double>(15, 1.015), 1).standing, Standing::kSame);
  EXPECT_EQ(compare_paired(std::vector<double>(15, 1 / 1.015), 1).standing, Standing::kSame);
}

TEST(Comparison, TooFewOrTooNoisyRoundsAreUnclear) {
  EXPECT_EQ(compare_paired({}, 1).standing, Standing::kUnclear);
  EXPECT_EQ(compare_paired({3.0}, 1).standing, Standing::kUnclear);
  EXPECT_EQ(compare_paired({0.8, 1.3, 0.9, 1.2, 1.0, 1.1, 0.7, 1.4, 1.0}, 1).standing,
            Standing::kUnclear);
}

TEST(Comparison, ThreeRoundsAreEnoughForAFactor) {
  EXPECT_EQ(compare_paired({0.050, 0.052, 0.049}, 1).standing, Standing::kSlower);
  EXPECT_EQ(compare_paired({0.9, 0.95, 1.2}, 1).standing, Standing::kUnclear);
}

TEST(Comparison, AtMostOnePerCentOfEqualPairsGetAFalseVerdict) {
  for (const int rounds : {3, 8, 15, 31}) {
    const int faster = count_of(Standing::kFaster, 1, 0.03, rounds, 200);
    const int slower = count_of(Standing::kSlower, 1, 0.03, rounds, 200);
    EXPECT_LE(faster + slower, 2) << rounds << " rounds";
  }
}

TEST(Comparison, ASlowdownOfTheSmallestEffectIsDetectedInNineteenOfTwenty) {
  for (const int rounds : {15, 31, 61}) {
    std::mt19937_64 random(3);
    const auto equal = noisy_rounds(1, 0.03, 2001, random);
    const double speed = 1 / (1 + smallest_effect(equal, rounds));
    EXPECT_GE(count_of(Standing::kSlower, speed, 0.03, rounds, 200), 186) << rounds << " rounds";
  }
}

/// The noise is known from few rounds, as in a real run, and from others each time.
TEST(Comparison, WhatFewRoundsSayTheyDetectIsDetectedToo) {
  for (const int rounds : {15, 61}) {
    std::mt19937_64 random(17);
    int found = 0;
    for (int run = 0; run < 200; ++run) {
      const auto equal = noisy_rounds(1, 0.03, rounds, random);
      const double speed = 1 / (1 + smallest_effect(equal, rounds));
      const auto slower = noisy_rounds(speed, 0.03, rounds, random);
      found += compare_paired(slower, random()).standing == Standing::kSlower ? 1 : 0;
    }
    EXPECT_GE(found, 184) << rounds << " rounds";
  }
}

TEST(Comparison, TooFewRoundsDoNotSayWhatTheyDetect) {
  const std::vector<double> steady(15, 1.0);
  EXPECT_TRUE(std::isinf(smallest_effect(steady, 7)));
  EXPECT_TRUE(std::isinf(smallest_effect({1, 1, 1, 1, 1, 1, 1}, 15)));
  EXPECT_FALSE(std::isinf(smallest_effect(steady, 8)));
}

TEST(Comparison, RoundsFollowFromTheNoise) {
  std::mt19937_64 random(3);
  EXPECT_EQ(rounds_for(std::vector<double>(30, 1.0), kEffectWanted), kRoundsMin);
  EXPECT_EQ(rounds_for(noisy_rounds(1, 0.5, 2001, random), kEffectWanted), kRoundsMax);
  const auto equal = noisy_rounds(1, 0.04, 2001, random);
  const int rounds = rounds_for(equal, kEffectWanted);
  EXPECT_LE(smallest_effect(equal, rounds), kEffectWanted);
  EXPECT_GT(smallest_effect(equal, rounds - 2), kEffectWanted);
}

/// Mostly quiet, but in every fourth round the core is taken away from one of the two.
TEST(Comparison, ACoreThatIsTakenAwayNowAndThenIsPartOfTheNoise) {
  std::mt19937_64 random(9);
  std::uniform_real_distribution<double> uniform(0, 1);
  auto draw = [&](double speed, int rounds) {
    std::vector<double> speeds;
    for (int i = 0; i < rounds; ++i) {
      const double where = uniform(random);
      const double taken = where < 0.125 ? 4 : where < 0.25 ? 0.25 : 1;
      speeds.push_back(speed * taken * (1 + 0.01 * (uniform(random) - 0.5)));
    }
    return speeds;
  };
  const auto equal = draw(1, 2001);
  EXPECT_GT(smallest_effect(equal, kRoundsMin), 1);
  const int rounds = rounds_for(equal, kEffectWanted);
  EXPECT_GT(rounds, kRoundsMin);
  const double speed = 1 / (1 + smallest_effect(equal, rounds));
  int found = 0;
  for (int run = 0; run < 200; ++run) {
    found += compare_paired(draw(speed, rounds), random()).standing == Standing::kSlower ? 1 : 0;
  }
  EXPECT_GE(found, 180);
}

TEST(Comparison, NoiseIsTheSpreadOfTheMiddle) {
  std::mt19937_64 random(5);
  std::vector<double> speeds;
  std::normal_distribution<double> normal(0, 0.04);
  for (int i = 0; i < 4001; ++i) speeds.push_back(std::exp(normal(random)));
  EXPECT_NEAR(noise_of(speeds), 0.04, 0.004);
  speeds.insert(speeds.end(), 100, 50.0);
  EXPECT_NEAR(noise_of(speeds), 0.04, 0.006);
}

TEST(Comparison, UnpairedFiguresAreComparedByTheirMedians) {
  std::mt19937_64 random(5);
  const auto fast = noisy_rounds(1.3, 0.01, 21, random);
  const auto base = noisy_rounds(1.0, 0.01, 21, random);
  EXPECT_EQ(compare_unpaired(fast, base, 1).standing, Standing::kFaster);
  EXPECT_EQ(compare_unpaired(base, fast, 1).standing, Standing::kSlower);
  EXPECT_EQ(compare_unpaired(base, base, 1).standing, Standing::kSame);
  EXPECT_EQ(compare_unpaired({1.3, 1.3}, {1.0, 1.0}, 1).standing, Standing::kUnclear);
}

TEST(Comparison, TheMedianOfAnEvenCountLiesBetweenTheMiddleTwo) {
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median({5, 1, 3}), 3);
}

}  // namespace
}  // namespace unaided
