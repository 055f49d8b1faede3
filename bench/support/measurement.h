// One problem, measured: every rung is checked, then timed with the others in paired rounds, with
// checks at random calls, then checked again. A rung that was wrong anywhere has no times.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "bench_report.h"
#include "support/gate.h"
#include "support/heap.h"
#include "support/kernel.h"

namespace unaided::bench {

/// What is happening, and what part of this problem is done, from 0 to 1.
using Progress = std::function<void(const std::string& what, double done)>;

struct MeasureOptions {
  double budget_s = 10;    // for the whole of it; checks alone may take longer
  double sample_s = 4e-3;  // of one sample at most, unless a single call is longer
  bool timed = true;       // false: the checks alone, as for a smoke test
  std::uint64_t seed = 0;  // a secret
  Progress progress;
};

/// A rung with what has been found out about it.
struct Entry {
  const Rung* rung;
  Finding finding = {};
  double call_s = 0;
  std::int64_t extra_bytes = -1;  // of one call; negative: unknown
  std::string backend = {};
};

/// A report's problem, without rungs, times and limit.
BenchProblem described_problem(const Kernel& kernel, const Problem& problem);

/// Writes the entries into a problem whose series are complete; one that failed keeps no times.
void report_entries(const std::vector<Entry>& entries, BenchProblem& problem);

/// Measures `rungs` on one problem; the one that is called libtorch is timed twice a round.
BenchProblem measure_problem(const Kernel& kernel, const Problem& problem,
                             const std::vector<Rung>& rungs, PeakMemory& memory,
                             const MeasureOptions& options);

}  // namespace unaided::bench
