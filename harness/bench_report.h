// What unaided-bench has measured, as Google Benchmark's own JSON (its tools/compare.py reads it):
// one "iteration" for each sample, everything else under context.unaided. The program that measures
// has run an attempt in its own process, so what comes back from it is checked, not believed.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fingerprint.h"

namespace unaided {

/// The median of the calls of one sample; of the processor time, their mean.
struct BenchSample {
  int round = 0;
  std::int64_t calls = 1;
  double real_s = 0;
  double cpu_s = 0;
};

inline constexpr const char* kBaselineRung = "libtorch";
inline constexpr const char* kAttemptRung = "yours";
/// Timed in every round beside the rungs: the baseline once more, and the machine's limit.
inline constexpr const char* kControl = "control";
inline constexpr const char* kRoofline = "roofline";

struct BenchSeries {
  std::string name;             // "hot", "cold"
  double rotated_bytes = 0;     // that the inputs and outputs of one rotation take
  bool budget_decided = false;  // the time, not the noise, ended the rounds
  std::vector<std::string> disturbances;
  std::map<std::string, std::vector<BenchSample>> samples;  // by rung, kControl and kRoofline
};

struct BenchRung {
  std::string name;
  std::string lesson;
  std::string backend;
  std::string failure;  // one sentence; such a rung has no samples
  double error = 0;     // the largest seen, against float64
  std::int64_t calls_checked = 0;
  std::int64_t extra_bytes = -1;  // peak resident memory of a call beyond its inputs; -1: unknown
};

struct BenchProblem {
  std::string kernel, shape, dtype, text;
  double flops = 0;
  double bytes_min = 0;
  double error_max = 0;
  std::string limit;  // "copy bandwidth"
  bool limit_is_flops = false;
  double limit_amount = 0;  // bytes or FLOPs of one sample of kRoofline
  std::vector<BenchRung> rungs;
  std::vector<BenchSeries> series;

  std::string name() const { return kernel + "/" + shape + "/" + dtype; }
};

struct BenchReport {
  Fingerprint fingerprint;
  std::string date;  // RFC 3339
  std::vector<BenchProblem> problems;
};

nlohmann::json bench_report_to_json(const BenchReport& report);

/// Throws Fault naming what is missing, of the wrong type, not finite or beyond its bounds.
BenchReport bench_report_from_json(const nlohmann::json& json);

}  // namespace unaided
