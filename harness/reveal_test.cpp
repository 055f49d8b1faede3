#include "reveal.h"

#include <gtest/gtest.h>

#include "render.h"
#include "report_json.h"

namespace unaided {
namespace {

CheckVerdict check(int level, const char* name, bool example, Outcome outcome) {
  CheckVerdict verdict;
  verdict.check = {level, "Mask", name, example, false};
  verdict.outcome = outcome;
  verdict.message = "secret expectation";
  verdict.output = "secret output";
  verdict.wall_ms = 3;
  return verdict;
}

/// One example that passes; of the hidden checks of two levels one each fails.
GradeReport report() {
  GradeReport whole;
  whole.kata = "attention";
  whole.last_level = 2;
  whole.checks = {check(1, "HiddenBad", false, Outcome::kCrashed),
                  check(1, "EXAMPLE_Good", true, Outcome::kPassed),
                  check(2, "HiddenSlow", false, Outcome::kTimeLimit),
                  check(2, "HiddenGood", false, Outcome::kPassed)};
  settle_outcome(whole);
  return whole;
}

/// All that a client could read, on the screen or in the message.
std::string everything_in(const GradeReport& told) {
  return report_to_json(told).dump() + render_report(told, ReportView{}, Terminal{});
}

bool mentions(const GradeReport& told, const char* word) {
  return everything_in(told).find(word) != std::string::npos;
}

TEST(Reveal, ExamplesKeepTheirWordsAndHiddenChecksAreGone) {
  const GradeReport told = revealed(report(), Reveal::kExamples);
  ASSERT_EQ(told.checks.size(), 1u);
  EXPECT_EQ(told.checks[0].message, "secret expectation");
  EXPECT_EQ(told.outcome, Outcome::kPassed) << "what is left passed";
  EXPECT_FALSE(mentions(told, "Hidden"));
  EXPECT_TRUE(mentions(told, "hidden ones are told when the session ends"));
}

TEST(Reveal, CountsSayHowManyOfALevelAndNothingElse) {
  const GradeReport told = revealed(report(), Reveal::kCounts);
  ASSERT_EQ(told.checks.size(), 4u);
  EXPECT_EQ(told.passed_count(), 2);
  EXPECT_EQ(told.outcome, Outcome::kWrong);
  for (const char* word : {"Hidden", "Mask", "secret", "EXAMPLE_", "crash", "time limit"}) {
    EXPECT_FALSE(mentions(told, word)) << word;
  }
  EXPECT_TRUE(mentions(told, "level 1  1 of 2"));
  EXPECT_TRUE(mentions(told, "level 2  1 of 2"));
}

TEST(Reveal, CountsDoNotTellByTheirOrderWhichCheckFailed) {
  GradeReport other = report();
  std::swap(other.checks[2], other.checks[3]);
  std::swap(other.checks[0], other.checks[1]);
  EXPECT_EQ(report_to_json(revealed(other, Reveal::kCounts)).at("checks"),
            report_to_json(revealed(report(), Reveal::kCounts)).at("checks"));
}

TEST(Reveal, NamesHaveNoMessages) {
  const GradeReport told = revealed(report(), Reveal::kNames);
  EXPECT_EQ(told.checks.size(), 4u);
  EXPECT_TRUE(mentions(told, "HiddenBad"));
  EXPECT_FALSE(mentions(told, "secret"));
}

TEST(Reveal, MessagesAreEverything) {
  EXPECT_EQ(report_to_json(revealed(report(), Reveal::kMessages)), report_to_json(report()));
}

TEST(Reveal, WhatAToolFoundIsToldWithTheMessagesOnly) {
  GradeReport whole = report();
  whole.sanitizer = {"memcheck", 1, "secret error", ""};
  EXPECT_TRUE(mentions(revealed(whole, Reveal::kMessages), "secret error"));
  for (const Reveal less : {Reveal::kExamples, Reveal::kNames, Reveal::kCounts}) {
    EXPECT_FALSE(revealed(whole, less).sanitizer);
  }
}

TEST(Reveal, AFaultOfTheHarnessIsNeverBlamedOnTheAttempt) {
  GradeReport faulty = report();
  faulty.checks[0].outcome = Outcome::kFault;
  EXPECT_EQ(exit_code(revealed(faulty, Reveal::kCounts)), 2);
}

TEST(Reveal, ErrorsOfTheCompilerAreAlwaysTold) {
  GradeReport broken;
  broken.outcome = Outcome::kCompileError;
  broken.message = "expected ';'";
  for (const Reveal reveal : {Reveal::kExamples, Reveal::kCounts, Reveal::kNames}) {
    EXPECT_EQ(revealed(broken, reveal).message, "expected ';'");
    EXPECT_EQ(revealed(broken, reveal).outcome, Outcome::kCompileError);
  }
}

TEST(Reveal, OfOneCheckAsItEnds) {
  const CheckVerdict hidden = check(1, "Hidden", false, Outcome::kWrong);
  EXPECT_FALSE(revealed(hidden, Reveal::kExamples));
  EXPECT_FALSE(revealed(hidden, Reveal::kCounts));
  EXPECT_EQ(revealed(hidden, Reveal::kNames)->message, "");
  EXPECT_EQ(revealed(hidden, Reveal::kMessages)->message, "secret expectation");
}

}  // namespace
}  // namespace unaided
