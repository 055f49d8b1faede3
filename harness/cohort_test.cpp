#include "cohort.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "fault.h"

namespace unaided {
namespace {

std::vector<CohortAttempt> attempts_named(int count) {
  std::vector<CohortAttempt> attempts;
  for (int i = 0; i < count; ++i) attempts.push_back({std::to_string(i) + ".cpp", "mini"});
  return attempts;
}

GradeReport report_of(Outcome outcome) {
  GradeReport report;
  CheckVerdict verdict;
  verdict.check = {1, "Doubles", "Zeros"};
  verdict.outcome = outcome;
  report.checks = {verdict};
  report.outcome = outcome;
  return report;
}

void no_sink(const CohortAttempt&, const GradeReport&) {}

CohortJudge passing_judge() {
  return [](const CohortAttempt&) { return report_of(Outcome::kPassed); };
}

TEST(GradeCohort, EveryAttemptReachesTheSinkOnceAndTheStandingsAreInOrder) {
  const std::vector<CohortAttempt> attempts = attempts_named(40);
  for (const int jobs : {1, 4}) {
    std::multiset<std::string> seen;
    const auto sink = [&seen](const CohortAttempt& attempt, const GradeReport&) {
      seen.insert(attempt.file.string());
    };
    const std::vector<Standing> standings =
        grade_cohort(attempts, jobs, passing_judge, sink, CancelToken());
    ASSERT_EQ(standings.size(), attempts.size());
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      EXPECT_EQ(standings[i].file, attempts[i].file);
      EXPECT_EQ(seen.count(attempts[i].file.string()), 1u);
    }
    EXPECT_EQ(exit_code(standings), 0);
  }
}

TEST(GradeCohort, AFaultIsARowAndTheJudgeIsMadeAnew) {
  std::atomic<int> made = 0;
  const auto make_judge = [&made]() -> CohortJudge {
    ++made;
    return [](const CohortAttempt& attempt) -> GradeReport {
      if (attempt.file == "3.cpp") throw Fault("the worker was lost");
      return report_of(Outcome::kPassed);
    };
  };
  const std::vector<Standing> standings =
      grade_cohort(attempts_named(6), 1, make_judge, no_sink, CancelToken());
  EXPECT_EQ(standings[3].outcome, Outcome::kFault);
  EXPECT_EQ(standings[3].reason, "the worker was lost");
  EXPECT_EQ(standings[4].outcome, Outcome::kPassed);
  EXPECT_EQ(made, 2);
  EXPECT_EQ(exit_code(standings), 2);
}

TEST(GradeCohort, ThreeFaultsInARowAreTheHarnessAndEndIt) {
  const auto make_judge = []() -> CohortJudge { throw Fault("no compiler"); };
  int rows = 0;
  const auto sink = [&rows](const CohortAttempt&, const GradeReport&) { ++rows; };
  EXPECT_THROW(grade_cohort(attempts_named(100), 1, make_judge, sink, CancelToken()), Fault);
  EXPECT_EQ(rows, 2);
}

TEST(GradeCohort, FaultsThatAreNotInARowDoNot) {
  const auto make_judge = []() -> CohortJudge {
    return [](const CohortAttempt& attempt) -> GradeReport {
      if (attempt.file.string()[0] % 2 == 0) throw Fault("odd");
      return report_of(Outcome::kWrong);
    };
  };
  const std::vector<Standing> standings =
      grade_cohort(attempts_named(10), 1, make_judge, no_sink, CancelToken());
  EXPECT_EQ(standings[8].outcome, Outcome::kFault);
  EXPECT_EQ(standings[9].outcome, Outcome::kWrong);
}

TEST(GradeCohort, AnInterruptMakesTheRestRowsThatWereNotRun) {
  CancelToken interrupt;
  const auto make_judge = [&interrupt]() -> CohortJudge {
    return [&interrupt](const CohortAttempt& attempt) {
      if (attempt.file == "4.cpp") interrupt.cancel();
      return report_of(Outcome::kPassed);
    };
  };
  const std::vector<Standing> standings =
      grade_cohort(attempts_named(8), 1, make_judge, no_sink, interrupt);
  EXPECT_EQ(standings[3].outcome, Outcome::kPassed);
  for (std::size_t i = 4; i < 8; ++i) EXPECT_EQ(standings[i].outcome, Outcome::kNotRun) << i;
  EXPECT_EQ(exit_code(standings), 2) << "never 0 when a check did not run";
}

TEST(StandingOf, NamesTheFirstFailedCheckOrTheMessagesFirstLine) {
  const CohortAttempt attempt{"a.cpp", "mini"};
  EXPECT_EQ(standing_of(attempt, report_of(Outcome::kWrong)).reason, "Doubles.Zeros");
  EXPECT_EQ(standing_of(attempt, report_of(Outcome::kPassed)).reason, "");
  GradeReport refused = unjudged(attempt, Outcome::kCompileError, "line one\nline two");
  EXPECT_EQ(standing_of(attempt, refused).reason, "line one");
  EXPECT_EQ(standing_of(attempt, refused).exit_code, 1);
  refused.message = std::string(1'000'000, 'x');
  EXPECT_LT(standing_of(attempt, refused).reason.size(), 1000u) << "memory is bounded";
}

TEST(KataOfFile, TheNameSaysItElseTheInnermostFolder) {
  const std::vector<std::string> ids = {"agent", "agent_loop", "attention", "decoding"};
  const struct {
    const char* file;
    const char* kata;
  } cases[] = {{"attention.cpp", "attention"},
               {"/x/attention-ann.cpp", "attention"},
               {"agent_loop.cpp", "agent_loop"},
               {"agent_loop_2.cpp", "agent_loop"},
               {"/x/attention/ann.cpp", "attention"},
               {"/x/attention/decoding/ann.cpp", "decoding"},
               {"/x/attention/decoding.cpp", "decoding"},
               {"/x/decoding/../attention/ann.cpp", "attention"},
               {"/x/attentive/ann.cpp", ""},
               {"/x/attentions.cpp", ""},
               {"/x/ann.cpp", ""},
               {"/", ""}};
  for (const auto& [file, kata] : cases) EXPECT_EQ(kata_of_file(file, ids), kata) << file;
}

}  // namespace
}  // namespace unaided
