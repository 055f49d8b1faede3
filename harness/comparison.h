// Is one rung faster than another? Figures of single runs jump by more than what is asked about, so
// rungs are timed in pairs, round by round, and what is looked at is the ratio of each pair. The
// median of the ratios is stated with an interval, and the verdict is one of four: an interval that
// is too wide gives no verdict rather than a wrong one.
//
// The interval holds the percentile bootstrap of the median (Efron and Tibshirani, An Introduction
// to the Bootstrap, 1993, chapter 13) and, because that is too narrow for few rounds, also the
// exact interval of the sign test (David and Nagaraja, Order Statistics, 2003, section 7.1); with
// so few rounds that there is none, Student's interval of the logarithms. Differences within a
// margin are called the same: code placement alone moves a time by a per cent or two (Mytkowicz et
// al., Producing Wrong Data Without Doing Anything Obviously Wrong, 2009).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace unaided {

inline constexpr double kSameMargin = 0.02;    // relative: up to this much is the same
inline constexpr double kConfidence = 0.99;    // of the interval, two-sided
inline constexpr double kPower = 0.95;         // with which the smallest effect is detected
inline constexpr double kEffectWanted = 0.05;  // rounds are planned to detect this much
inline constexpr int kRoundsMin = 15;
inline constexpr int kRoundsMax = 101;
inline constexpr int kRoundsToTell = 8;  // the fewest for which the sign test has an interval

enum class Standing { kFaster, kSlower, kSame, kUnclear };

/// "FASTER", "SLOWER", "SAME" or "UNCLEAR".
std::string_view standing_name(Standing standing);

/// The median of some values with the interval that holds the true one.
struct Interval {
  double median = 0;
  double low = 0;
  double high = 0;
};

struct Comparison {
  Interval speed;  // how many times as fast as the baseline
  Standing standing = Standing::kUnclear;
  std::size_t rounds = 0;
};

/// `speeds`: of each round, the baseline's time by that of what is judged, all positive. Fewer than
/// two are UNCLEAR. The seed decides what is resampled, so equal arguments give equal results.
Comparison compare_paired(const std::vector<double>& speeds, std::uint64_t seed);

/// The same for figures that were not taken in pairs: how many times `judged` (speeds) is
/// `baseline`.
Comparison compare_unpaired(const std::vector<double>& judged, const std::vector<double>& baseline,
                            std::uint64_t seed);

/// The verdict that an interval of speeds allows.
Standing standing_of(const Interval& speed, std::size_t rounds);

double median(std::vector<double> values);

/// The spread of one round's ratio, as the standard deviation of its logarithm: half the width of
/// the middle 68 %, so that a few disturbed rounds do not decide it.
double noise_of(const std::vector<double>& speeds);

/// The smallest relative slowdown that `rounds` new rounds call SLOWER with a probability of
/// kPower, on a machine on which equal things differed by `equal_speeds`. Follows from the
/// distribution of the interval's end, an order statistic, so it holds for any shape of noise, as
/// that of a core which now and then is taken away; that the noise is known from so many rounds
/// only is part of the probability. Infinite for fewer than kRoundsToTell of either: too few to
/// say.
double smallest_effect(const std::vector<double>& equal_speeds, int rounds);

/// The fewest rounds, odd and from kRoundsMin to kRoundsMax, whose smallest effect is at most
/// `effect`; kRoundsMax where none is enough.
int rounds_for(const std::vector<double>& equal_speeds, double effect);

}  // namespace unaided
