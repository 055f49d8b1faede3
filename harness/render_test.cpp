#include "render.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

CheckVerdict verdict_of(int level, const char* behaviour, const char* name, Outcome outcome,
                        const char* message = "") {
  CheckVerdict verdict;
  verdict.check = {level, behaviour, name, false, false};
  verdict.outcome = outcome;
  verdict.message = message;
  return verdict;
}

/// Two levels, one of three checks passed, two of level 2 failed in the same words.
GradeReport failed_report() {
  GradeReport report;
  report.kata = "attention";
  report.snapshot_hash = "3fa2c1d0e5f6a7b8";
  report.last_level = 2;
  report.seed = 42;
  report.outcome = Outcome::kWrong;
  report.total_ms = 618;
  report.checks = {verdict_of(2, "CausalMask", "Aligns", Outcome::kWrong, "expected 1\ngot 2"),
                   verdict_of(1, "Scale", "IsTheInverseRoot", Outcome::kPassed),
                   verdict_of(2, "CausalMask", "Leaks", Outcome::kWrong, "expected 1\ngot 2")};
  return report;
}

Terminal plain_terminal() {
  return Terminal{};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(RenderReport, SaysInItsFirstLineThatTheDeviceWasEmulated) {
  GradeReport report = failed_report();
  EXPECT_EQ(render_headline(report, plain_terminal()).find("EMULATED"), std::string::npos);
  report.device = kEmulatedDevice;
  EXPECT_TRUE(contains(render_headline(report, plain_terminal()), " - EMULATED, no GPU - "));
  report.device = "NVIDIA H100";
  EXPECT_TRUE(contains(render_headline(report, plain_terminal()), " - NVIDIA H100 - "));
}

TEST(RenderReport, PutsTheVerdictFirstAndGroupsFailures) {
  ReportView view;
  view.replay_command = "./unaided grade a.cpp --kata attention";
  view.next_when_failed = "Next: mend it.";
  EXPECT_EQ(
      render_report(failed_report(), view, plain_terminal()),
      "x wrong  attention levels 1-2 - 1 of 3 checks passed - 0.62 s - snapshot 3fa2c1d0e5f6\n"
      "  + level 1  1 of 1\n"
      "  x level 2  0 of 2\n"
      "\n"
      "  CausalMask (level 2)\n"
      "    x Aligns, Leaks\n"
      "        expected 1\n"
      "        got 2\n"
      "\n"
      "  wrong: The attempt did something other than the contract says: compare\n"
      "  expected with got, for the input shown.\n"
      "\n"
      "  The same inputs again: ./unaided grade a.cpp --kata attention --seed 42\n"
      "  Next: mend it.\n");
}

TEST(RenderReport, APassedReportIsOneLineAndWhatIsNext) {
  GradeReport report = failed_report();
  for (CheckVerdict& verdict : report.checks) verdict.outcome = Outcome::kPassed;
  report.outcome = Outcome::kPassed;
  report.last_level = 1;
  ReportView view;
  view.replay_command = "replay";
  view.next_when_passed = "Next: level 3.";
  EXPECT_EQ(render_report(report, view, plain_terminal()),
            "+ passed  attention level 1 - 3 of 3 checks passed - 0.62 s - snapshot 3fa2c1d0e5f6\n"
            "\n"
            "  Next: level 3.\n");
}

TEST(RenderReport, ExamplesThatPassAreNotCalledPassed) {
  GradeReport report = failed_report();
  report.checks = {verdict_of(1, "Examples", "One", Outcome::kPassed)};
  report.checks[0].check.example = true;
  report.outcome = Outcome::kPassed;
  const std::string only_examples = render_headline(report, plain_terminal());
  EXPECT_TRUE(contains(only_examples, "+ examples passed  ")) << only_examples;
  EXPECT_TRUE(contains(only_examples, "hidden ones were not asked for")) << only_examples;

  report.checks.push_back(verdict_of(1, "Scale", "IsRight", Outcome::kWrong));
  report.outcome = Outcome::kWrong;
  const std::string hidden_fail = render_headline(report, plain_terminal());
  EXPECT_TRUE(contains(hidden_fail, "x wrong  ")) << hidden_fail;
  EXPECT_TRUE(contains(hidden_fail, "the examples pass, hidden checks do not")) << hidden_fail;
}

TEST(RenderReport, ACompileErrorIsShownAsItCame) {
  GradeReport report;
  report.kata = "attention";
  report.outcome = Outcome::kCompileError;
  report.message = "attention.cpp:3:5: error: expected ';'\n    int x\n         ^";
  const std::string text = render_report(report, ReportView{}, plain_terminal());
  EXPECT_TRUE(contains(text, "x compile error  attention level 1 - no check ran\n")) << text;
  EXPECT_TRUE(contains(text, "\n  attention.cpp:3:5: error: expected ';'\n      int x\n")) << text;
  EXPECT_TRUE(contains(text, "compile error: The compiler refused")) << text;
}

TEST(RenderReport, NeverCallsAReportPassedWhoseChecksDidNotRun) {
  GradeReport report;
  report.kata = "attention";
  report.outcome = Outcome::kPassed;
  EXPECT_TRUE(contains(render_headline(report, plain_terminal()), "? not run"));
  report.checks = {verdict_of(1, "Scale", "IsRight", Outcome::kFault)};
  EXPECT_TRUE(contains(render_headline(report, plain_terminal()), "? fault"));
}

TEST(RenderReport, ShowsWhatAToolFoundAndThatItFoundNothing) {
  GradeReport report = failed_report();
  report.sanitizer = {"racecheck", 2, "Race reported\n    at a.cu:3 \033[31m\n", ""};
  const std::string text = render_report(report, ReportView(), plain_terminal());
  EXPECT_TRUE(contains(text,
                       "\n  compute-sanitizer, racecheck: 2 errors\n"
                       "    Race reported\n        at a.cu:3 "))
      << text;
  EXPECT_FALSE(contains(text, "\033")) << "an attempt may have written it";
  report.sanitizer = {"memcheck", 0, "", ""};
  EXPECT_TRUE(contains(render_report(report, ReportView(), plain_terminal()),
                       "\n  compute-sanitizer, memcheck: no errors\n"));
  report.sanitizer->trouble = "it took more than 300 s";
  EXPECT_TRUE(contains(render_report(report, ReportView(), plain_terminal()),
                       "\n  compute-sanitizer, memcheck: no result\n"
                       "    Not all: it took more than 300 s\n"));
}

TEST(RenderReport, NamesTheLimitsThatWereNotHeld) {
  GradeReport report = failed_report();
  report.limits_not_held = {"no network", "private file system"};
  EXPECT_TRUE(contains(render_report(report, ReportView{}, plain_terminal()),
                       "Not held in this run: no network; private file system"));
}

TEST(RenderReport, TellsTheFirstFailuresAndNamesTheOthers) {
  GradeReport report = failed_report();
  report.checks = {verdict_of(1, "B", "First", Outcome::kWrong, "first message"),
                   verdict_of(1, "A", "Second", Outcome::kCrashed, "second message"),
                   verdict_of(1, "A", "Third", Outcome::kCrashed, "third message")};
  ReportView view;
  view.failures_max = 1;
  const std::string text = render_report(report, view, plain_terminal());
  EXPECT_TRUE(contains(text, "B (level 1)\n    x First\n        first message\n")) << text;
  EXPECT_FALSE(contains(text, "second message")) << text;
  EXPECT_TRUE(contains(text, "Besides\n    x crashed: A: Second, Third\n")) << text;
  view.failures_max = 0;
  EXPECT_TRUE(contains(render_report(report, view, plain_terminal()), "third message"));
}

TEST(RenderReport, SaysTheSameWordsOnce) {
  GradeReport report = failed_report();
  report.checks = {verdict_of(1, "A", "First", Outcome::kWrong, "not written yet"),
                   verdict_of(1, "B", "Second", Outcome::kWrong, "not written yet")};
  const std::string text = render_report(report, ReportView{}, plain_terminal());
  EXPECT_EQ(text.find("not written yet"), text.rfind("not written yet")) << text;
  EXPECT_TRUE(contains(text, "Besides\n    x B: Second\n")) << text;
}

TEST(RenderReport, KeepsToTheLowestLevelThatFails) {
  GradeReport report = failed_report();
  report.checks.push_back(verdict_of(1, "Scale", "IsRight", Outcome::kWrong, "level one"));
  ReportView view;
  const std::string text = render_report(report, view, plain_terminal());
  EXPECT_TRUE(contains(text, "level one")) << text;
  EXPECT_FALSE(contains(text, "Aligns")) << text;
  EXPECT_TRUE(contains(text, "2 more of later levels: mend level 1 first.")) << text;
  view.failures_max = 0;
  EXPECT_TRUE(contains(render_report(report, view, plain_terminal()), "Aligns"));
}

TEST(RenderReport, BoundsAMessageUnlessAllIsAskedFor) {
  GradeReport report = failed_report();
  const std::string message = "first " + std::string(1000, 'x') + "\n\nsecond failure";
  report.checks = {verdict_of(1, "A", "First", Outcome::kWrong, message.c_str())};
  ReportView view;
  const std::string bounded = render_report(report, view, plain_terminal());
  EXPECT_LT(bounded.size(), 800u);
  EXPECT_FALSE(contains(bounded, "second failure")) << bounded;
  EXPECT_TRUE(contains(bounded, "x...\n        and fails in other places too\n")) << bounded;
  view.failures_max = 0;
  const std::string whole = render_report(report, view, plain_terminal());
  EXPECT_TRUE(contains(whole, std::string(1000, 'x')));
  EXPECT_TRUE(contains(whole, "second failure"));
}

TEST(RenderReport, CutsBetweenCharacters) {
  GradeReport report = failed_report();
  std::string message = "a";
  for (int i = 0; i < 500; ++i) message += "√";
  report.checks = {verdict_of(1, "A", "First", Outcome::kWrong, message.c_str())};
  const std::string text = render_report(report, ReportView{}, plain_terminal());
  EXPECT_TRUE(contains(text, "√...\n")) << text;
}

TEST(RenderReport, DisarmsWhatAnAttemptWrote) {
  GradeReport report = failed_report();
  report.checks[0].message = "got \x1b[2J";
  report.checks[0].output = "\x1b]0;title\a\n";
  const std::string text = render_report(report, ReportView{}, plain_terminal());
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_TRUE(contains(text, "| ?]0;title?\n")) << text;
}

TEST(RenderReport, ColoursFollowTheOutcomeTable) {
  Terminal terminal;
  terminal.colour = true;
  terminal.utf8 = true;
  const std::string red(outcome_row(Outcome::kWrong).colour);
  EXPECT_TRUE(contains(render_headline(failed_report(), terminal), "\x1b[1;" + red + "m✗ wrong"));
}

TEST(RenderCheck, NamesTheOutcomeUnlessTheMarkSaysItAll) {
  const Terminal terminal = plain_terminal();
  EXPECT_EQ(render_check(verdict_of(1, "A", "B", Outcome::kPassed), terminal), "+ A.B");
  EXPECT_EQ(render_check(verdict_of(1, "A", "B", Outcome::kWrong), terminal), "x A.B");
  EXPECT_EQ(render_check(verdict_of(1, "A", "B", Outcome::kTimeLimit), terminal),
            "x A.B (time limit)");
}

}  // namespace
}  // namespace unaided
