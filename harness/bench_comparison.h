#pragma once

#include <string>
#include <vector>

#include "bench_report.h"
#include "comparison.h"
#include "terminal.h"

namespace unaided {

/// One rung of one series in two reports.
struct RungChange {
  std::string problem, series, rung;
  double first_s = 0;  // median times
  double second_s = 0;
  Comparison speed;  // how many times as fast it is in the second
};

/// The rungs that both have times of, but for the baseline. Times are first divided by the
/// baseline's of their own round: a machine that was slower as a whole changes nothing.
std::vector<RungChange> compare_reports(const BenchReport& first, const BenchReport& second);

/// As a table that ends with a newline.
std::string render_changes(const std::vector<RungChange>& changes, const Terminal& terminal);

}  // namespace unaided
