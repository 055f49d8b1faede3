#include "planting.h"

#include <gtest/gtest.h>

#include "fault.h"

namespace unaided {
namespace {

constexpr char kReference[] =
    "// level 1\nint a = 1;\nint b = 1;\nint c = 1;\n// level 2\nint d;\n";

Mutant mutant(const std::string& name, int level, const std::string& diff) {
  Mutant made;
  made.name = name;
  made.level = level;
  made.diff = diff;
  return made;
}

KataMaterial material() {
  KataMaterial made;
  made.kata.id = "tiny";
  made.reference = kReference;
  // The first adds a line, so that the second fits only when it is applied before.
  made.mutants = {mutant("level1_a", 1, "@@ -2 +2,2 @@\n-int a = 1;\n+int a = 0;\n+int aa;\n"),
                  mutant("level1_c", 1, "@@ -4 +4 @@\n-int c = 1;\n+int c = 0;\n"),
                  mutant("level2_d", 2, "@@ -6 +6 @@\n-int d;\n+int e;\n")};
  return made;
}

GradeReport verdict(Outcome outcome) {
  GradeReport report;
  CheckVerdict check;
  check.check = {1, "Adds", "Two", false, false};
  check.outcome = outcome;
  report.checks = {check};
  settle_outcome(report);
  return report;
}

GradeReport falls_short(const std::string&) {
  return verdict(Outcome::kWrong);
}

TEST(Planting, PutsOneBugOfTheLevelIntoTheSolutionUpToIt) {
  std::mt19937_64 random(7);
  const Planted planted = plant_bugs(material(), 2, 1, falls_short, random);
  EXPECT_EQ(planted.mutants, std::vector<std::string>{"level2_d"});
  EXPECT_NE(planted.source.find("int e;"), std::string::npos);
  EXPECT_NE(planted.source.find("int a = 1;"), std::string::npos) << "the levels below are right";
  const Planted lower = plant_bugs(material(), 1, 1, falls_short, random);
  EXPECT_EQ(lower.source.find("int d;"), std::string::npos) << "levels above are not there";
}

TEST(Planting, PutsTwoBugsInWhateverTheOrderInWhichTheyApply) {
  std::mt19937_64 random(7);
  const Planted planted = plant_bugs(material(), 1, 2, falls_short, random);
  EXPECT_EQ(planted.mutants.size(), 2u);
  EXPECT_EQ(planted.source, "// level 1\nint a = 0;\nint aa;\nint b = 1;\nint c = 0;\n");
}

TEST(Planting, TakesOnlyABugThatTheHiddenChecksSee) {
  std::mt19937_64 random(7);
  const auto judge = [](const std::string& source) {
    const bool seen = source.find("int c = 0;") != std::string::npos;
    return verdict(seen ? Outcome::kWrong : Outcome::kPassed);
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(plant_bugs(material(), 1, 1, judge, random).mutants[0], "level1_c");
  }
}

TEST(Planting, SaysSoWhenThereIsNothingToPlant) {
  std::mt19937_64 random(7);
  const auto passes = [](const std::string&) { return verdict(Outcome::kPassed); };
  const auto does_not_compile = [](const std::string&) {
    GradeReport report;
    report.outcome = Outcome::kCompileError;
    return report;
  };
  EXPECT_THROW(plant_bugs(material(), 1, 1, passes, random), Fault);
  EXPECT_THROW(plant_bugs(material(), 1, 1, does_not_compile, random), Fault);
  EXPECT_THROW(plant_bugs(material(), 2, 2, falls_short, random), Fault) << "it has one only";
}

TEST(Planting, AFaultOfTheHarnessIsNotABug) {
  std::mt19937_64 random(7);
  const auto faulty = [](const std::string&) {
    GradeReport report;
    report.outcome = Outcome::kFault;
    report.message = "the worker did not start";
    return report;
  };
  EXPECT_THROW(plant_bugs(material(), 1, 1, faulty, random), Fault);
}

}  // namespace
}  // namespace unaided
