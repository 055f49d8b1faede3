#include "verdict.h"

#include <gtest/gtest.h>

#include <set>

namespace unaided {
namespace {

GradeReport report_of(std::initializer_list<Outcome> outcomes) {
  GradeReport report;
  report.outcome = Outcome::kPassed;
  for (const Outcome outcome : outcomes) {
    CheckVerdict verdict;
    verdict.check.level = 1;
    verdict.outcome = outcome;
    if (report.outcome == Outcome::kPassed) report.outcome = outcome;
    report.checks.push_back(verdict);
  }
  return report;
}

TEST(OutcomeTable, HasOneRowForEveryOutcome) {
  const int outcome_count = static_cast<int>(Outcome::kFault) + 1;
  ASSERT_EQ(static_cast<int>(outcome_rows().size()), outcome_count);
  for (int i = 0; i < outcome_count; ++i) {
    EXPECT_EQ(outcome_row(static_cast<Outcome>(i)).outcome, static_cast<Outcome>(i));
  }
}

TEST(OutcomeTable, IdsAreUniqueAndLeadBack) {
  std::set<std::string_view> ids;
  for (const OutcomeRow& row : outcome_rows()) {
    EXPECT_TRUE(ids.insert(row.id).second) << row.id;
    EXPECT_EQ(outcome_from_id(row.id), row.outcome);
  }
  EXPECT_EQ(outcome_from_id("nonsense"), std::nullopt);
}

TEST(OutcomeTable, OnlyPassedExitsWithZeroAndOnlyUnknownsWithTwo) {
  for (const OutcomeRow& row : outcome_rows()) {
    const bool unknown = row.outcome == Outcome::kFault || row.outcome == Outcome::kNotRun;
    const int expected = row.outcome == Outcome::kPassed ? 0 : unknown ? 2 : 1;
    EXPECT_EQ(row.exit_code, expected) << row.id;
  }
}

TEST(OutcomeTable, EverySentenceIsASentence) {
  for (const OutcomeRow& row : outcome_rows()) {
    ASSERT_FALSE(row.sentence.empty()) << row.id;
    EXPECT_EQ(row.sentence.back(), '.') << row.id;
  }
}

TEST(ExitCode, IsZeroWhenEveryCheckPassed) {
  EXPECT_EQ(exit_code(report_of({Outcome::kPassed, Outcome::kPassed})), 0);
}

TEST(ExitCode, IsOneWhenACheckFailed) {
  EXPECT_EQ(exit_code(report_of({Outcome::kPassed, Outcome::kWrong})), 1);
}

TEST(ExitCode, IsTwoWhenACheckDidNotRunThoughAnotherFailed) {
  EXPECT_EQ(exit_code(report_of({Outcome::kWrong, Outcome::kNotRun})), 2);
  EXPECT_EQ(exit_code(report_of({Outcome::kWrong, Outcome::kFault})), 2);
}

TEST(ExitCode, IsNeverZeroWithoutAnyCheck) {
  EXPECT_EQ(exit_code(report_of({})), 2);
}

TEST(ExitCode, DoesNotTrustAReportThatContradictsItsChecks) {
  GradeReport report = report_of({Outcome::kCrashed});
  report.outcome = Outcome::kPassed;
  EXPECT_EQ(exit_code(report), 1);
}

TEST(ExitCode, IsOneForACompileErrorThatReachedNoCheck) {
  GradeReport report;
  report.outcome = Outcome::kCompileError;
  EXPECT_EQ(exit_code(report), 1);
}

TEST(LevelPassed, NeedsEveryCheckOfTheLevelAndAtLeastOne) {
  GradeReport report = report_of({Outcome::kPassed, Outcome::kWrong});
  report.checks[1].check.level = 2;
  EXPECT_TRUE(report.level_passed(1));
  EXPECT_FALSE(report.level_passed(2));
  EXPECT_FALSE(report.level_passed(3));
  EXPECT_EQ(report.passed_count(), 1);
}

}  // namespace
}  // namespace unaided
