#include "failure_patterns.h"

#include <gtest/gtest.h>

#include "fault.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

const FailurePatterns kPatterns = {
    {"level1_other_level", {"A.x", "A.y"}},
    {"level2_late_mask", {"A.x", "A.y", "B.z"}},
    {"level2_everything", {"A.x", "A.y", "B.z", "C.u", "C.v", "C.w"}},
    {"level2_twin_a", {"D.x"}},
    {"level2_twin_b", {"D.x"}}};

TrialResult mutant_result() {
  TrialResult result;
  result.trial.kind = Trial::Kind::kMutant;
  result.trial.name = "level2_late_mask";
  result.trial.levels = {2, 2};
  const auto add = [&result](int level, const char* name, Outcome outcome) {
    CheckVerdict verdict;
    verdict.check = {level, "Mask", name, false, false};
    verdict.outcome = outcome;
    result.report.checks.push_back(verdict);
  };
  add(1, "OfLevelOne", Outcome::kWrong);
  add(2, "Wrong", Outcome::kWrong);
  add(2, "Slow", Outcome::kTimeLimit);
  add(2, "Fine", Outcome::kPassed);
  return result;
}

TEST(FailurePatterns, TheMutantThatFailsTheseAndLittleElseFits) {
  EXPECT_EQ(matching_mutant(kPatterns, 2, {"A.x", "B.z"}), "level2_late_mask");
  EXPECT_EQ(matching_mutant(kPatterns, 2, {"A.x", "A.y", "B.z"}), "level2_late_mask");
  EXPECT_FALSE(matching_mutant(kPatterns, 2, {"A.x"})) << "one of three says too little";
  EXPECT_FALSE(matching_mutant(kPatterns, 2, {"A.x", "E.q"})) << "it must fail all of them";
  EXPECT_FALSE(matching_mutant(kPatterns, 2, {"D.x"})) << "two fit equally well";
  EXPECT_FALSE(matching_mutant(kPatterns, 2, {}));
  EXPECT_EQ(matching_mutant(kPatterns, 1, {"A.x"}), "level1_other_level");
}

TEST(FailurePatterns, HoldTheWrongChecksOfTheMutantsOwnLevel) {
  Verification verification;
  verification.results.push_back(mutant_result());
  EXPECT_EQ(patterns_of(verification), (FailurePatterns{{"level2_late_mask", {"Mask.Wrong"}}}));
}

TEST(FailurePatterns, SurviveTheirFile) {
  const TemporaryFolder folder;
  Kata kata;
  kata.id = "tiny";
  kata.root = folder.path();
  EXPECT_TRUE(read_patterns(kata).empty());
  write_text_file(kata.reference_folder() / kPatternsName, patterns_text(kPatterns));
  EXPECT_EQ(read_patterns(kata), kPatterns);
  write_text_file(kata.reference_folder() / kPatternsName, "[1]");
  EXPECT_THROW(read_patterns(kata), Fault);
}

TEST(FailurePatterns, WhatChangedIsStale) {
  Verification verification;
  verification.results.push_back(mutant_result());
  KataMaterial material;
  material.kata.id = "tiny";
  material.mutants = {{"level2_late_mask", "", 2, false, ""}};
  EXPECT_TRUE(stale_patterns({}, verification, material).empty()) << "no file, no claim";
  const FailurePatterns known = patterns_of(verification);
  EXPECT_TRUE(stale_patterns(known, verification, material).empty());
  FailurePatterns other = {{"level2_late_mask", {"Mask.Fine"}}, {"level2_gone", {"Mask.Wrong"}}};
  const auto problems = stale_patterns(other, verification, material);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].message.find("level2_gone, level2_late_mask"), std::string::npos);
  EXPECT_NE(problems[0].message.find("--write-patterns"), std::string::npos);
}

}  // namespace
}  // namespace unaided
