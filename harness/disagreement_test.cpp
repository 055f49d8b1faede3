#include "disagreement.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

TrialResult trial(const std::string& name, Outcome outcome, Outcome check_outcome,
                  const std::string& message = "") {
  TrialResult result;
  result.trial.name = name;
  result.report.outcome = outcome;
  result.report.message = message;
  result.report.checks = {{.check = {1, "Sum", "IsExact", false, false}, .outcome = check_outcome}};
  return result;
}

TEST(DisagreementTest, EqualVerdictsAreNone) {
  const std::vector<TrialResult> results{trial("a", Outcome::kWrong, Outcome::kWrong)};
  EXPECT_TRUE(disagreements(results, results).empty());
  EXPECT_TRUE(disagreements(results, {}).empty());
}

TEST(DisagreementTest, NamesTrialCheckAndBothOutcomes) {
  const std::vector<TrialResult> resident{trial("a", Outcome::kWrong, Outcome::kPassed)};
  const std::vector<TrialResult> stock{trial("a", Outcome::kWrong, Outcome::kCrashed)};
  ASSERT_EQ(disagreements(resident, stock).size(), 1U);
  EXPECT_EQ(disagreements(resident, stock)[0].message,
            "a: the resident compiler and stock clang disagree: Sum.IsExact is passed and crashed");
}

TEST(DisagreementTest, TheCompilersWordsCount) {
  const std::vector<TrialResult> resident{
      trial("a", Outcome::kCompileError, Outcome::kNotRun, "a.cpp:1: x")};
  const std::vector<TrialResult> stock{
      trial("a", Outcome::kCompileError, Outcome::kNotRun, "a.cpp:2: x")};
  EXPECT_EQ(disagreements(resident, stock).size(), 1U);
}

TEST(DisagreementTest, AMissingCheckCounts) {
  const std::vector<TrialResult> resident{trial("a", Outcome::kWrong, Outcome::kWrong)};
  std::vector<TrialResult> stock = resident;
  stock[0].report.checks.clear();
  EXPECT_EQ(disagreements(resident, stock).size(), 1U);
}

TEST(CompilerDisagreement, IsToldWhenTheRecordDiffersFromTheSave) {
  EXPECT_NE(compiler_disagreement(Outcome::kPassed, Outcome::kCompileError).find("it compiled"),
            std::string::npos);
  EXPECT_NE(compiler_disagreement(Outcome::kCompileError, Outcome::kWrong).find("did not compile"),
            std::string::npos);
  EXPECT_EQ(compiler_disagreement(Outcome::kWrong, Outcome::kPassed), "");
  EXPECT_EQ(compiler_disagreement(Outcome::kCompileError, Outcome::kCompileError), "");
  EXPECT_EQ(compiler_disagreement(Outcome::kCompileError, Outcome::kFault), "");
}

}  // namespace
}  // namespace unaided
