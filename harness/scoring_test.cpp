#include "scoring.h"

#include <gtest/gtest.h>

#include "format.h"

namespace unaided {
namespace {

CheckVerdict check(int level, const char* behaviour, Outcome outcome) {
  CheckVerdict verdict;
  verdict.check = {level, behaviour, "Fact", false, false};
  verdict.outcome = outcome;
  return verdict;
}

TEST(Scoring, ALevelIsWorthTheShareOfItsBehavioursThatHold) {
  GradeReport report;
  report.checks = {check(1, "Softmax", Outcome::kPassed), check(1, "Scaling", Outcome::kPassed),
                   check(2, "Mask", Outcome::kPassed), check(2, "Mask", Outcome::kWrong),
                   check(2, "Rows", Outcome::kPassed)};
  const auto scores = level_scores(report, format_row("assessment").points);
  ASSERT_EQ(scores.size(), 4u);
  EXPECT_EQ(scores[0].points, 100);
  EXPECT_EQ(scores[1].points, 75) << "one failed check costs its whole behaviour";
  EXPECT_EQ(scores[2].points, 0) << "not judged";
  EXPECT_EQ(scores[2].behaviours, 0);
  EXPECT_EQ(total_points(scores), 175);
}

TEST(Scoring, FormatsWithoutPointsHaveNoScores) {
  GradeReport report;
  report.checks = {check(1, "Softmax", Outcome::kPassed)};
  EXPECT_TRUE(level_scores(report, format_row("drill").points).empty());
}

TEST(Scoring, AnAssessmentHasSixHundredPointsAndABarBelow) {
  const FormatRow& format = format_row("assessment");
  int points = 0;
  for (const int worth : format.points) points += worth;
  EXPECT_EQ(points, 600);
  EXPECT_EQ(format.bar, 520);
}

}  // namespace
}  // namespace unaided
