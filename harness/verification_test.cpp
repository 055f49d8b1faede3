#include "verification.h"

#include <gtest/gtest.h>

#include <functional>

namespace unaided {
namespace {

using Kind = Trial::Kind;

constexpr char kStarter[] = "// level 1\nstarter 1\n// level 2\nstarter 2\n";
constexpr char kReference[] = "// level 1\nright 1\n// level 2\nright 2\n";

/// A kata of two levels. Level L has two examples, Example.One and .Two, and the hidden checks
/// Value.<i> for i < 3. Mutant i of a level is killed by Example.One and Value.(i mod 3).
class VerificationTest : public testing::Test {
 protected:
  VerificationTest() {
    material_.kata.id = "tiny";
    material_.kata.levels = {{1, "first", 10}, {2, "second", 10}};
    material_.starter = kStarter;
    material_.reference = kReference;
    for (int level = 1; level <= 2; ++level) {
      for (int i = 0; i < kMutantsMin; ++i) {
        const std::string name = "level" + std::to_string(level) + "_" + std::to_string(i);
        material_.mutants.push_back({name, "bug " + name, level, /*blind=*/i < 2, name});
      }
    }
    material_.alternates = {{"ops", 1, 2, "right"}, {"loops", 1, 2, "right"}};
  }

  /// The grader of this world.
  static GradeReport grade(const Trial& trial) {
    GradeReport report;
    report.outcome = Outcome::kPassed;
    for (int level = trial.levels.first; level <= trial.levels.last; ++level) {
      add_check(report, {level, "Example", "One", /*example=*/true, false},
                trial.kind == Kind::kMutant || unsolved(trial));
      add_check(report, {level, "Example", "Two", /*example=*/true, false}, unsolved(trial));
      for (int i = 0; i < 3; ++i) {
        const bool killer = trial.kind == Kind::kMutant && (trial.source.back() - '0') % 3 == i;
        add_check(report, {level, "Value", std::to_string(i), false, false},
                  killer || unsolved(trial));
      }
    }
    return report;
  }

  static bool unsolved(const Trial& trial) {
    return trial.kind == Kind::kStarter || trial.kind == Kind::kDrill;
  }

  static void add_check(GradeReport& report, const CheckName& name, bool fails) {
    CheckVerdict verdict;
    verdict.check = name;
    verdict.outcome = fails ? Outcome::kWrong : Outcome::kPassed;
    if (fails) report.outcome = Outcome::kWrong;
    report.checks.push_back(verdict);
  }

  /// Judges the kata after `tamper` has had each result.
  Verification verify(
      const std::function<void(TrialResult&)>& tamper = [](TrialResult&) {},
      LevelSpan levels = {1, 2}) {
    std::vector<TrialResult> results;
    for (const Trial& trial : plan_trials(material_, levels)) {
      results.push_back({trial, grade(trial)});
      tamper(results.back());
    }
    return judge(material_, levels, std::move(results));
  }

  /// The ids and messages of the problems, for one comparison and a readable failure.
  static std::string summary(const Verification& verification) {
    std::string text;
    for (const Problem& problem : verification.problems) {
      text += problem.id + ": " + problem.message + "\n";
    }
    return text;
  }

  static void set_all(TrialResult& result, Outcome outcome) {
    result.report.outcome = outcome;
    for (CheckVerdict& verdict : result.report.checks) {
      if (verdict.outcome != Outcome::kPassed || outcome == Outcome::kPassed) {
        verdict.outcome = outcome;
      }
    }
  }

  static void reject(TrialResult& result, Outcome outcome) {
    result.report.outcome = outcome;
    result.report.message = "attempt.cpp:1: no\nmore";
    result.report.checks.clear();
  }

  KataMaterial material_;
};

TEST_F(VerificationTest, APlanHasEveryTrialAndTheReferenceFirst) {
  const std::vector<Trial> trials = plan_trials(material_, {1, 2});
  ASSERT_EQ(trials.size(), 1u + 1u + 4u + 2u + 12u);
  EXPECT_EQ(trials[0].kind, Kind::kReference);
  EXPECT_EQ(trials[4].name, "the drill of level 2");
  EXPECT_NE(trials[4].source.find("right 1"), std::string::npos);
  EXPECT_NE(trials[4].source.find("starter 2"), std::string::npos);
  EXPECT_EQ(trials[5].source, kReference);
  EXPECT_EQ(trials.back().levels, (LevelSpan{2, 2}));
}

TEST_F(VerificationTest, APlanOfSomeLevelsLeavesTheOthersOut) {
  material_.alternates.push_back({"first", 1, 1, "right"});
  const std::vector<Trial> trials = plan_trials(material_, {2, 2});
  EXPECT_EQ(trials.size(), 1u + 1u + 2u + 2u + 6u);
  for (const Trial& trial : trials) EXPECT_EQ(trial.levels, (LevelSpan{2, 2})) << trial.name;
}

TEST_F(VerificationTest, AProvenKataHasNoProblems) {
  EXPECT_EQ(summary(verify()), "");
  EXPECT_EQ(verify().checks.size(), 10u);
  EXPECT_EQ(summary(verify([](TrialResult&) {}, {2, 2})), "");
}

TEST_F(VerificationTest, ASurvivorIsReportedWithItsBug) {
  const Verification verification = verify([](TrialResult& result) {
    if (result.trial.name == "level2_4") set_all(result, Outcome::kPassed);
  });
  EXPECT_EQ(summary(verification),
            "survivor: mutant level2_4 survives every check of level 2: bug level2_4\n");
}

TEST_F(VerificationTest, ABlindSurvivorIsCalledBlind) {
  const Verification verification = verify([](TrialResult& result) {
    if (result.trial.name == "level1_0") set_all(result, Outcome::kPassed);
  });
  EXPECT_EQ(summary(verification),
            "survivor: mutant level1_0 (blind) survives every check of level 1: bug level1_0\n");
}

TEST_F(VerificationTest, ACheckThatKillsNothingIsReportedUnlessItIsAnExample) {
  for (Mutant& mutant : material_.mutants) {
    if (mutant.level == 1 && mutant.source.back() % 3 == '1' % 3) mutant.source.back() = '0';
  }
  EXPECT_EQ(summary(verify()),
            "idle: Value.1 (level 1) kills no mutant: write the bug it is there for, or drop it\n");
}

TEST_F(VerificationTest, AMutantThatOnlyCrashesIsReported) {
  const Verification verification = verify([](TrialResult& result) {
    if (result.trial.name == "level1_3") set_all(result, Outcome::kCrashed);
  });
  EXPECT_EQ(summary(verification), "crash: mutant level1_3 dies only by crashing\n");
}

TEST_F(VerificationTest, AMutantThatDiesByALimitOrTheForbiddenScanIsKilled) {
  const Verification verification = verify([](TrialResult& result) {
    if (result.trial.name == "level1_3") set_all(result, Outcome::kTimeLimit);
    if (result.trial.name == "level1_4") reject(result, Outcome::kForbiddenCall);
  });
  EXPECT_EQ(summary(verification), "");
}

TEST_F(VerificationTest, AMutantMustCompile) {
  const Verification verification = verify([](TrialResult& result) {
    if (result.trial.name == "level1_3") reject(result, Outcome::kCompileError);
  });
  EXPECT_EQ(summary(verification),
            "mutant: mutant level1_3 must compile: compile error: attempt.cpp:1: no\n");
}

TEST_F(VerificationTest, AReferenceThatFailsIsRefusedAndNothingElseIsConcluded) {
  const Verification verification = verify([](TrialResult& result) {
    if (result.trial.kind == Kind::kReference) reject(result, Outcome::kCompileError);
  });
  EXPECT_EQ(
      summary(verification),
      "refused: the reference should pass levels 1-2, but compile error: attempt.cpp:1: no\n");
}

TEST_F(VerificationTest, ChecksAreNotCalledIdleWhenOnlyAFailedReferenceWasGraded) {
  std::vector<TrialResult> results;
  const Trial reference = plan_trials(material_, {1, 2}).front();
  results.push_back({reference, grade(reference)});
  results[0].report.outcome = Outcome::kWrong;
  results[0].report.checks[2].outcome = Outcome::kWrong;
  EXPECT_EQ(summary(judge(material_, {1, 2}, results)),
            "refused: the reference should pass levels 1-2, but Value.0 fails\n");
}

TEST_F(VerificationTest, AnAlternateMustBeAccepted) {
  const Verification verification = verify([](TrialResult& result) {
    if (result.trial.name != "alternate loops") return;
    result.report.outcome = Outcome::kWrong;
    result.report.checks[3].outcome = Outcome::kWrong;
  });
  EXPECT_EQ(summary(verification),
            "refused: alternate loops should pass levels 1-2, but Value.1 fails\n");
}

TEST_F(VerificationTest, AStarterMustFailEachLevelAndEachCheck) {
  const Verification verification = verify([](TrialResult& result) {
    if (result.trial.kind != Kind::kStarter) return;
    for (CheckVerdict& verdict : result.report.checks) {
      if (verdict.check.level == 2) verdict.outcome = Outcome::kPassed;
    }
  });
  EXPECT_NE(summary(verification).find("vacuous: Value.0 passes with nothing written"),
            std::string::npos);
  EXPECT_NE(summary(verification).find("unsolved: the starter passes level 2\n"),
            std::string::npos);
}

TEST_F(VerificationTest, AStarterOrDrillMustCompile) {
  const Verification verification = verify([](TrialResult& result) {
    if (result.trial.name == "the drill of level 2") reject(result, Outcome::kMissingFunction);
  });
  EXPECT_EQ(summary(verification),
            "unsolved: the drill of level 2 should compile and fail its checks, but missing "
            "function: attempt.cpp:1: no\n");
}

TEST_F(VerificationTest, ADrillMustBeSolvable) {
  const Verification verification = verify([](TrialResult& result) {
    if (result.trial.kind != Kind::kSolvedDrill || result.trial.levels.first != 2) return;
    result.report.outcome = Outcome::kWrong;
    result.report.checks[2].outcome = Outcome::kWrong;
  });
  EXPECT_EQ(summary(verification),
            "refused: the drill of level 2 with the reference's solution should pass level 2, but "
            "Value.0 fails\n");
}

TEST_F(VerificationTest, ATrialThatWasNotJudgedProvesNothing) {
  const Verification verification = verify([](TrialResult& result) {
    if (result.trial.name == "level2_1") set_all(result, Outcome::kFault);
  });
  EXPECT_NE(summary(verification).find("fault: level2_1 was not judged"), std::string::npos);
}

TEST_F(VerificationTest, CountsOfMutantsAlternatesAndExamplesAreHeld) {
  material_.mutants.erase(material_.mutants.begin());
  material_.alternates[1].last_level = 1;
  const Verification verification = verify([](TrialResult& result) {
    for (CheckVerdict& verdict : result.report.checks) {
      if (verdict.check.level == 2 && verdict.check.name == "Two") verdict.check.example = false;
    }
  });
  const std::string problems = summary(verification);
  for (const char* expected :
       {"level 1 has 5 of the 6 mutants", "level 1 has 1 of the 2 blind mutants",
        "level 2 has 1 of the 2 alternates", "level 2 has 1 of the 2 examples"}) {
    EXPECT_NE(problems.find(expected), std::string::npos) << expected << "\n" << problems;
  }
}

TEST_F(VerificationTest, ProblemsOfTheFilesAreKept) {
  material_.problems = {{"stray", "katas/tiny/notes.swp does not belong here"}};
  EXPECT_EQ(summary(verify()), "stray: katas/tiny/notes.swp does not belong here\n");
}

TEST_F(VerificationTest, OnACardSolutionsMustPassAndMutantsMayLive) {
  Verification verification = verify();
  ASSERT_EQ(summary(verification), "");
  std::vector<TrialResult> on_card = verification.results;
  for (TrialResult& result : on_card) {
    if (result.trial.kind == Kind::kMutant) result.report.outcome = Outcome::kPassed;
  }
  judge_on_card(on_card, verification);
  EXPECT_EQ(summary(verification), "");
  for (TrialResult& result : on_card) {
    if (result.trial.name == "alternate loops") result.report.outcome = Outcome::kFault;
    if (result.trial.kind != Kind::kReference) continue;
    result.report.checks.front().outcome = Outcome::kWrong;
    result.report.outcome = Outcome::kWrong;
  }
  judge_on_card(on_card, verification);
  EXPECT_NE(summary(verification)
                .find("refused: the reference should pass levels 1-2 on the card, but "
                      "Example.One fails"),
            std::string::npos)
      << summary(verification);
  EXPECT_NE(summary(verification).find("fault: alternate loops was not judged"), std::string::npos);
}

}  // namespace
}  // namespace unaided
