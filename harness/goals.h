#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench_report.h"
#include "bench_run.h"
#include "comparison.h"
#include "terminal.h"

namespace unaided {

/// What a kernel's fast rung is to reach: a row of bench/goals.toml.
struct Goal {
  std::string kernel, shape, dtype, series, against;
  double avx512 = 0;  // times as fast as `against`, at least; 0: no goal
  double avx2 = 0;

  /// Of the SIMD level that LibTorch reports.
  double at_least(const std::string& simd_level) const;
};

/// Throws Fault naming the file and what is wrong in it.
std::vector<Goal> read_goals(const std::filesystem::path& file);

/// What has to be measured to judge `goals`: each problem once, with no rung that none of them asks
/// for.
std::vector<BenchItem> items_of(const std::vector<Goal>& goals);

/// A goal and what was reached; without rounds when it was not measured.
struct GoalResult {
  Goal goal;
  double at_least = 0;
  Comparison reached;
  Interval equal;  // LibTorch against itself in the same rounds: the middle 80 %

  bool measured() const { return reached.rounds > 0; }
  bool met() const { return measured() && reached.speed.median >= at_least; }
  /// Whether the machine was steady enough for the figure to mean something.
  bool quiet() const;
};

/// In the order of the goals, those of this report's SIMD level only.
std::vector<GoalResult> judge_goals(const std::vector<Goal>& goals, const BenchReport& report);

/// A table that ends with a newline and the count of goals that were met.
std::string render_goals(const std::vector<GoalResult>& results, const std::string& simd_level,
                         const Terminal& terminal);

}  // namespace unaided
