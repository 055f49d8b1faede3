#include "comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

namespace unaided {

namespace {

constexpr int kResamples = 2000;
constexpr double kTail = (1 - kConfidence) / 2;
constexpr double kResolution = 0.005;  // however quiet it was: the noise of the next run is another
constexpr double kBeyondSeen = 2;      // times the largest difference, where none seen is enough
/// Student's t at 1 - kTail, by degrees of freedom from 1 on.
constexpr std::array kStudent{63.66, 9.92, 5.84, 4.60, 4.03, 3.71, 3.50};

double quantile(std::vector<double>& values, double q) {
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

std::vector<double> resampled(const std::vector<double>& values, std::mt19937_64& random) {
  std::vector<double> sample(values.size());
  for (double& value : sample) value = values[random() % values.size()];
  return sample;
}

Interval bootstrap(double estimate, const std::function<double()>& resample) {
  std::vector<double> medians(kResamples);
  for (double& value : medians) value = resample();
  return {estimate, quantile(medians, kTail), quantile(medians, 1 - kTail)};
}

/// At j: the probability that j fair coins show heads at most `heads_max` times; j up to `coins`.
std::vector<double> few_heads(int heads_max, int coins) {
  std::vector<double> exactly(static_cast<std::size_t>(heads_max) + 1, 0);  // so many heads
  exactly[0] = 1;
  std::vector<double> at_most;
  for (int j = 0; j <= coins; ++j) {
    at_most.push_back(std::accumulate(exactly.begin(), exactly.end(), 0.0));
    for (std::size_t k = exactly.size() - 1; k > 0; --k) exactly[k] += exactly[k - 1];
    for (double& probability : exactly) probability /= 2;
  }
  return at_most;
}

/// The probability of SLOWER in `rounds` new rounds when the slowdown exceeds the margin by the
/// rank-th smallest of `seen` distances. How many new distances exceed it has the beta-binomial
/// distribution, whatever the noise (David and Nagaraja, section 7.3); each lies to either side
/// alike, since equal things can be exchanged, and `few` of them may lie to the wrong one.
double detected(int rank, int seen, int rounds, const std::vector<double>& few) {
  double exceeding = 1;  // the probability that exactly j do, of none at first
  for (int i = 0; i < rounds; ++i) exceeding *= static_cast<double>(rank + i) / (seen + 1 + i);
  double sum = 0;
  for (int j = 0; j <= rounds; ++j) {
    sum += exceeding * few[static_cast<std::size_t>(j)];
    exceeding *= static_cast<double>(rounds - j) / (j + 1) * (seen + 1 - rank + j) /
                 std::max(rank + rounds - j - 1, 1);
  }
  return sum;
}

/// The index of the lowest of the sorted values in the sign test's interval; -1 when even that of
/// the lowest does.
int sign_test_rank(std::size_t count) {
  double term = std::pow(0.5, static_cast<double>(count));  // of no value below the median
  double below = term;
  int rank = -1;
  while (below <= kTail) {
    ++rank;
    term *=
        static_cast<double>(count - static_cast<std::size_t>(rank)) / static_cast<double>(rank + 1);
    below += term;
  }
  return rank;
}

Interval student_interval(const std::vector<double>& values) {
  double mean = 0;
  for (const double value : values) mean += std::log(value) / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += std::pow(std::log(value) - mean, 2);
  const auto freedom = static_cast<double>(values.size() - 1);
  const double error = std::sqrt(squares / freedom / static_cast<double>(values.size()));
  const double reach = kStudent.at(values.size() - 2) * error;
  return {std::exp(mean), std::exp(mean - reach), std::exp(mean + reach)};
}

/// The interval of few rounds in closed form.
Interval exact_interval(std::vector<double> values) {
  const int rank = sign_test_rank(values.size());
  if (rank < 0) return student_interval(values);
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(rank);
  return {median(values), values[at], values[values.size() - 1 - at]};
}

}  // namespace

std::string_view standing_name(Standing standing) {
  static constexpr std::array<std::string_view, 4> kNames{"FASTER", "SLOWER", "SAME", "UNCLEAR"};
  return kNames.at(static_cast<std::size_t>(standing));
}

double median(std::vector<double> values) {
  const double upper = quantile(values, 0.5);
  if (values.size() % 2 == 1) return upper;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

Standing standing_of(const Interval& speed, std::size_t rounds) {
  if (rounds < 2) return Standing::kUnclear;
  if (speed.low > 1 + kSameMargin) return Standing::kFaster;
  if (speed.high < 1 / (1 + kSameMargin)) return Standing::kSlower;
  const bool within = speed.low >= 1 / (1 + kSameMargin) && speed.high <= 1 + kSameMargin;
  return within ? Standing::kSame : Standing::kUnclear;
}

Comparison compare_paired(const std::vector<double>& speeds, std::uint64_t seed) {
  Comparison comparison;
  comparison.rounds = speeds.size();
  if (speeds.empty()) return comparison;
  comparison.speed.median = comparison.speed.low = comparison.speed.high = median(speeds);
  if (speeds.size() < 2) return comparison;
  std::mt19937_64 random(seed);
  const Interval resampling =
      bootstrap(comparison.speed.median, [&] { return median(resampled(speeds, random)); });
  const Interval exact = exact_interval(speeds);
  comparison.speed.low = std::min(resampling.low, exact.low);
  comparison.speed.high = std::max(resampling.high, exact.high);
  comparison.standing = standing_of(comparison.speed, speeds.size());
  return comparison;
}

Comparison compare_unpaired(const std::vector<double>& judged, const std::vector<double>& baseline,
                            std::uint64_t seed) {
  Comparison comparison;
  comparison.rounds = std::min(judged.size(), baseline.size());
  if (comparison.rounds == 0) return comparison;
  const double ratio = median(judged) / median(baseline);
  std::mt19937_64 random(seed);
  comparison.speed = bootstrap(ratio, [&] {
    return median(resampled(judged, random)) / median(resampled(baseline, random));
  });
  if (comparison.rounds >= kRoundsMin) {
    comparison.standing = standing_of(comparison.speed, comparison.rounds);
  }
  return comparison;
}

double noise_of(const std::vector<double>& speeds) {
  if (speeds.size() < 2) return 0;
  std::vector<double> logarithms;
  for (const double speed : speeds) logarithms.push_back(std::log(speed));
  constexpr double kSigmaBelow = 0.1587;
  const double low = quantile(logarithms, kSigmaBelow);
  return (quantile(logarithms, 1 - kSigmaBelow) - low) / 2;
}

double smallest_effect(const std::vector<double>& equal_speeds, int rounds) {
  const int seen = static_cast<int>(equal_speeds.size());
  if (seen < kRoundsToTell || rounds < kRoundsToTell) return INFINITY;
  const double centre = std::log(median(equal_speeds));
  std::vector<double> distances;
  for (const double speed : equal_speeds) distances.push_back(std::abs(std::log(speed) - centre));
  std::sort(distances.begin(), distances.end());
  // SLOWER: no more than so many rounds lie over the margin.
  const int over = sign_test_rank(static_cast<std::size_t>(rounds));
  const std::vector<double> few = few_heads(over, rounds);
  const auto enough = [&](int rank) { return detected(rank, seen, rounds, few) >= kPower; };
  int rank = seen + 1;
  while (rank > 1 && enough(rank - 1)) --rank;
  const double distance =
      rank > seen ? kBeyondSeen * distances.back() : distances[static_cast<std::size_t>(rank - 1)];
  return (1 + kSameMargin) * std::max(std::exp(distance), 1 + kResolution) - 1;
}

int rounds_for(const std::vector<double>& equal_speeds, double effect) {
  int rounds = kRoundsMin;
  while (rounds < kRoundsMax && smallest_effect(equal_speeds, rounds) > effect) rounds += 2;
  return rounds;
}

}  // namespace unaided
