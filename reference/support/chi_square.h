#pragma once

// Whether counts of draws fit probabilities: Pearson's chi-square test.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace support {

struct ChiSquare {
  double statistic;
  double critical;  // exceeded by right answers once in a million runs
};

/// counts[i] draws of what has probabilities[i]; those of probability 0 are left out (a single draw
/// of one is wrong whatever the test says). Each expected count should be 5 or more.
inline ChiSquare chi_square(const std::vector<std::int64_t>& counts,
                            const std::vector<double>& probabilities) {
  double draws = 0, statistic = 0, kinds = 0;
  for (const std::int64_t count : counts) draws += static_cast<double>(count);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (probabilities[i] == 0) continue;
    const double expected = draws * probabilities[i];
    const double difference = static_cast<double>(counts[i]) - expected;
    statistic += difference * difference / expected;
    ++kinds;
  }
  // Wilson and Hilferty: the cube root of chi-square over its degrees of freedom is nearly normal.
  constexpr double kOneInAMillion = 4.753424;  // standard deviations
  const double spread = 2 / (9 * (kinds - 1));
  return {statistic, (kinds - 1) * std::pow(1 - spread + kOneInAMillion * std::sqrt(spread), 3)};
}

}  // namespace support
