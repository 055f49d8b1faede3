#pragma once

#include <functional>
#include <span>
#include <vector>

#include "grader.h"
#include "verification.h"

namespace unaided {

/// Grades one trial; each thread has its own.
using TrialGrader = std::function<GradeReport(const Trial&)>;

/// Grades all trials with at most `jobs` threads, each with a grader from `make_grader` (called
/// once in each thread). Results are in the order of the trials. `progress` is called after each,
/// one call at a time. Stops early when `interrupt` is cancelled, with a Fault; a Fault of a grader
/// ends the others too and is thrown again.
std::vector<TrialResult> run_trials(std::span<const Trial> trials, int jobs,
                                    const std::function<TrialGrader()>& make_grader,
                                    const std::function<void(const TrialResult&)>& progress,
                                    const CancelToken& interrupt);

}  // namespace unaided
