// What the samples of a report say: of each rung its time, how fast that is against LibTorch, and
// how near the machine's limit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench_report.h"
#include "comparison.h"

namespace unaided {

/// One rung of one series.
struct LadderRow {
  const BenchRung* rung = nullptr;
  bool timed = false;
  double time_s = 0;      // median of the rounds
  Comparison comparison;  // against the baseline
  double rate = 0;        // bytes or FLOPs per second, as the limit is
  double roofline = 0;    // 1 is the limit; 0 where the limit does not bound this series

  /// Faster than the measured limit by more than its error: the count of bytes is wrong, something
  /// sat in a cache, or the work was not done.
  bool impossible() const;
};

/// What one series of a problem came to.
struct Ladder {
  const BenchProblem* problem = nullptr;
  const BenchSeries* series = nullptr;
  std::vector<LadderRow> rows;
  Comparison control;          // the baseline against itself
  double noise = 0;            // of the control
  double smallest_effect = 0;  // that these rounds detect
  double limit_rate = 0;       // bytes or FLOPs per second

  /// Whether the control says that the figures mean something: it holds no difference where there
  /// is none. Otherwise all verdicts are UNCLEAR.
  bool control_holds() const;
};

/// `report` must outlive what is returned. Equal reports give equal ladders.
std::vector<Ladder> make_ladders(const BenchReport& report);

/// Of each round in which both were timed, the baseline's time by that of what is judged.
std::vector<double> paired_speeds(const std::vector<BenchSample>& baseline,
                                  const std::vector<BenchSample>& judged);

/// The median time of samples, in seconds; there must be some.
double median_time(const std::vector<BenchSample>& samples);

/// Whether some rung was wrong: then the command ends with 1.
bool any_rung_failed(const BenchReport& report);

/// The medians of time and the comparisons, for programs.
nlohmann::json ladders_to_json(const BenchReport& report);

/// What `bench --json` writes: the report as Google Benchmark's JSON, with the above in
/// context.unaided.ladders.
std::string ladder_document(const BenchReport& report);

}  // namespace unaided
