#include "trials.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "fault.h"

namespace unaided {
namespace {

std::vector<Trial> trials_named(int count) {
  std::vector<Trial> trials(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) trials[static_cast<std::size_t>(i)].name = std::to_string(i);
  return trials;
}

/// A grader that answers with the trial's name.
TrialGrader echo() {
  return [](const Trial& trial) {
    GradeReport report;
    report.message = trial.name;
    return report;
  };
}

void no_progress(const TrialResult&) {}

TEST(RunTrials, ResultsAreInOrderWhateverTheNumberOfThreads) {
  const std::vector<Trial> trials = trials_named(50);
  const CancelToken interrupt;
  for (const int jobs : {0, 1, 4, 100}) {
    int reported = 0;
    const std::vector<TrialResult> results = run_trials(
        trials, jobs, echo, [&](const TrialResult&) { ++reported; }, interrupt);
    ASSERT_EQ(results.size(), 50u);
    EXPECT_EQ(reported, 50);
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(results[i].report.message, std::to_string(i));
      EXPECT_EQ(results[i].trial.name, std::to_string(i));
    }
  }
}

TEST(RunTrials, EachThreadHasAGraderOfItsOwn) {
  std::atomic<int> made = 0;
  const auto make = [&made] {
    ++made;
    return echo();
  };
  run_trials(trials_named(20), 3, make, no_progress, CancelToken());
  EXPECT_EQ(made, 3);
}

TEST(RunTrials, AFaultEndsTheOthersAndIsThrownAgain) {
  std::atomic<int> graded = 0;
  const auto make = [&graded]() -> TrialGrader {
    return [&graded](const Trial&) -> GradeReport {
      if (++graded == 3) throw Fault("no compiler");
      // All others would take longer than any thread is kept from running.
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      return {};
    };
  };
  EXPECT_THROW(run_trials(trials_named(1000), 2, make, no_progress, CancelToken()), Fault);
  EXPECT_LT(graded, 1000);
}

TEST(RunTrials, AGraderThatCannotBeMadeIsAFault) {
  const auto make = []() -> TrialGrader { throw Fault("no worker"); };
  EXPECT_THROW(run_trials(trials_named(3), 2, make, no_progress, CancelToken()), Fault);
}

TEST(RunTrials, AnInterruptIsNeverAResult) {
  CancelToken interrupt;
  int reported = 0;
  const auto cancel_after_five = [&](const TrialResult&) {
    if (++reported == 5) interrupt.cancel();
  };
  EXPECT_THROW(run_trials(trials_named(1000), 1, echo, cancel_after_five, interrupt), Fault);
  EXPECT_EQ(reported, 5);
}

}  // namespace
}  // namespace unaided
