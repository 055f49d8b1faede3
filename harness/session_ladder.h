#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench_report.h"
#include "session_store.h"
#include "summary.h"

namespace unaided {

/// What a session's folder has of its attempt's times.
struct KeptLadder {
  std::optional<BenchReport> report;  // nothing where it was not timed, or cannot be read
  std::string problem;                // one sentence when it is there and cannot be read
};

/// Writes the report into the session's folder in place of an earlier one, whole or not at all: the
/// form that `bench --json` writes, which `compare` reads. Throws Fault.
void keep_ladder(const SessionFolder& folder, const BenchReport& report);

KeptLadder kept_ladder(const SessionFolder& folder);

/// The attempt's rung of each series in which it was timed.
std::vector<OwnTime> own_times(const BenchReport& report);

/// What times must have in common to be compared: processor, cores, threads, LibTorch.
std::string machine_text(const Fingerprint& fingerprint);

}  // namespace unaided
