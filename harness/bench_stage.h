// A report as unaided-bench could have made it, for tests of what is made of reports.
#pragma once

#include <string>

#include "bench_report.h"

namespace unaided {

/// Adds rounds that took `time_s` each, give or take a per mille that changes with the round.
inline void add_rounds(BenchSeries& series, const std::string& entry, double time_s, int rounds,
                       int every = 1) {
  for (int round = 0; round < rounds; round += every) {
    const double scatter = 1 + 0.001 * (round % 3 - 1);
    series.samples[entry].push_back({round, 4, time_s * scatter, time_s});
  }
}

/// Softmax of 100 MB with naive, libtorch, fast and yours, 1 s for what takes LibTorch a second.
inline BenchReport staged_report(double yours_s = 0.8) {
  BenchReport report;
  report.date = "2026-11-22T00:00:00.000+00:00";
  report.fingerprint.facts = {{"cpu", "a processor"}, {"cores", "2"}, {"SIMD level", "AVX2"}};
  BenchProblem problem;
  problem.kernel = "softmax";
  problem.shape = "64x128256";
  problem.dtype = "f32";
  problem.text = "64 rows of 128,256";
  problem.flops = 1e8;
  problem.bytes_min = 1e8;
  problem.error_max = 1e-5;
  problem.limit = "copy bandwidth";
  problem.limit_amount = 1e8;
  for (const char* name : {"naive", "libtorch", "fast", "yours"}) {
    BenchRung rung;
    rung.name = name;
    rung.lesson = std::string("what ") + name + " does.";
    rung.extra_bytes = 33'000'000;
    problem.rungs.push_back(rung);
  }
  BenchSeries series;
  series.name = "cold";
  series.rotated_bytes = 1e8;
  add_rounds(series, "naive", 4, 15, 5);
  add_rounds(series, "libtorch", 1, 15);
  add_rounds(series, "control", 1, 15);
  add_rounds(series, "fast", 0.5, 15);
  add_rounds(series, "yours", yours_s, 15);
  add_rounds(series, "roofline", 0.25, 15);
  problem.series.push_back(series);
  report.problems.push_back(problem);
  return report;
}

}  // namespace unaided
