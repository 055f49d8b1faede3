// What each format tells, when, and how its sessions end.
#include <gtest/gtest.h>

#include "host_stage.h"

namespace unaided {
namespace {

TEST_F(HostTest, FinishJudgesTheLastSaveAndEndsTheSession) {
  start_host(setup_);
  save("bad");
  EXPECT_FALSE(ask({{"request", "submit"}}).at("ended"));
  save("good");
  const json reply = ask({{"request", "finish"}});
  EXPECT_TRUE(reply.at("ended"));
  await_end();
  const Session session = replayed();
  EXPECT_EQ(session.finished->reason, EndReason::kFinish);
  EXPECT_EQ(session.finished->hash, sha256("good"));
  EXPECT_TRUE(passed(session));
}

TEST_F(HostTest, FinishCountsAnEarlierSubmitThatWasBetter) {
  begin(3'600'000, "debug");
  start_host(setup_);
  save("bad");
  ask({{"request", "submit"}});
  save("worse");
  ask({{"request", "finish"}});
  await_end();
  EXPECT_EQ(replayed().finished->hash, sha256("bad")) << "equal: what was submitted counts";
}

TEST_F(HostTest, ADebugSessionTellsExamplesOnSavesAndNamesAtSubmit) {
  begin(3'600'000, "debug");
  start_host(setup_);
  save("bad");
  const GradeReport checked = check();
  ASSERT_EQ(checked.checks.size(), 1u);
  EXPECT_TRUE(checked.checks[0].check.example);
  EXPECT_EQ(checked.outcome, Outcome::kPassed);
  const json status = ask({{"request", "status"}}).at("status");
  EXPECT_EQ(status.at("last_verdict").at("outcome"), "passed") << "as much as was told";

  const GradeReport submitted = report_from_json(ask({{"request", "submit"}}).at("report"));
  ASSERT_EQ(submitted.checks.size(), 2u);
  EXPECT_EQ(submitted.checks[0].check.name, "Two");
  EXPECT_EQ(submitted.checks[0].message, "");

  const json finished = ask({{"request", "finish"}});
  EXPECT_EQ(report_from_json(finished.at("report")).checks[0].message, "with slow checks")
      << "once it is over, everything is told";
  const GradeReport kept = read_report(setup_.folder.result(replayed().verdicts[0].result));
  EXPECT_EQ(kept.checks.size(), 2u) << "the debrief knows all of it";
}

TEST_F(HostTest, WhereHiddenChecksAreNotToldNoToolWatchesThem) {
  begin(3'600'000, "debug");
  start_host(setup_);
  const json reply = ask({{"request", "check"}, {"sanitizer", "memcheck"}});
  EXPECT_EQ(reply.at("type"), "refused");
  EXPECT_NE(reply.at("message").get<std::string>().find("hidden checks"), std::string::npos);
}

TEST_F(HostTest, AWatcherOfADebugSessionHearsOfExamplesOnly) {
  begin(3'600'000, "debug");
  start_host(setup_);
  save("bad");
  check();
  std::string heard;
  int reports = 0;
  bool ended = false;
  Client(setup_.folder)
      .ask(
          {{"request", "watch"}},
          [&](const json& message) {
            heard += message.dump();
            if (message.at("type") == "report" && ++reports == 1) save("bad again");
            if (reports == 2 && !std::exchange(ended, true)) ask({{"request", "abandon"}});
          },
          nullptr);
  EXPECT_EQ(reports, 2) << "the last one, and the new one";
  EXPECT_NE(heard.find("EXAMPLE_One"), std::string::npos);
  EXPECT_EQ(heard.find("Two"), std::string::npos);
}

TEST_F(HostTest, ALevelIsUnlockedByTheExamplesOfTheOneBefore) {
  begin(3'600'000, "assessment");
  start_host(setup_);
  save("no example");
  EXPECT_EQ(ask({{"request", "unlock"}}).at("type"), "refused") << "nothing is judged yet";
  check();
  EXPECT_EQ(ask({{"request", "unlock"}}).at("exit_code"), 1) << "the example fails";
  save("bad");
  check();
  const json reply = ask({{"request", "unlock"}});
  EXPECT_EQ(reply.at("level"), 2) << reply;
  EXPECT_TRUE(fs::exists(setup_.folder.workspace() / "level2.h"));
  EXPECT_EQ(replayed().open_level, 2);
  EXPECT_EQ(ask({{"request", "unlock"}}).at("type"), "refused") << "level 2 has no examples here";
  EXPECT_EQ(ask({{"request", "status"}}).at("status").at("last_level"), 2);
}

TEST_F(HostTest, HintsAreForDrillsAndRecorded) {
  start_host(setup_);
  EXPECT_EQ(ask({{"request", "unlock"}}).at("type"), "refused");
  const json first = ask({{"request", "hint"}});
  EXPECT_NE(first.at("text").get<std::string>().find("Adds"), std::string::npos) << first;
  EXPECT_EQ(ask({{"request", "hint"}}).at("number"), 2);
  EXPECT_EQ(replayed().hints, 2);
  kill_host();
  begin(3'600'000, "interview");
  start_host(setup_);
  EXPECT_EQ(ask({{"request", "hint"}}).at("type"), "refused");
}

TEST_F(HostTest, AnInterviewTellsCountsAtSubmitAndEndsByFinishOnly) {
  begin(3'600'000, "interview");
  start_host(setup_);
  save("good");
  const json submitted = ask({{"request", "submit"}});
  EXPECT_FALSE(submitted.at("ended")) << "it may be repeated";
  EXPECT_EQ(submitted.at("report").dump().find("Adds"), std::string::npos);
  EXPECT_EQ(submitted.at("report").at("passed"), 2);
  EXPECT_TRUE(ask({{"request", "finish"}}).at("ended"));
  await_end();
  EXPECT_TRUE(passed(replayed()));
}

TEST_F(HostTest, AnAssessmentCountsPoints) {
  begin(3'600'000, "assessment");
  start_host(setup_);
  save("good");
  ask({{"request", "submit"}});
  EXPECT_EQ(replayed().verdicts.back().points, 100);
}

}  // namespace
}  // namespace unaided
