#include "host.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "client.h"
#include "fault.h"
#include "report_json.h"
#include "sha256.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr char kStarter[] = "// starter\n";

/// Judges by words in the attempt: "good" passes, "slow" waits until it is cancelled, "broken" is a
/// fault of the harness, all else is wrong. The message of its one check says what was asked for.
GradeReport fake_grade(const GradeRequest& request, const VerdictSink& sink,
                       const CancelToken* cancel) {
  const auto has = [&request](const char* word) {
    return request.source.find(word) != std::string::npos;
  };
  if (has("broken")) throw Fault("the worker did not start");
  GradeReport report;
  report.kata = "sum";
  report.seed = request.seed;
  while (has("slow") && !cancel->cancelled()) usleep(1000);
  if (cancel->cancelled()) return report;
  CheckVerdict check;
  check.check = {1, "Adds", "Two", false, false};
  check.outcome = has("good") ? Outcome::kPassed : Outcome::kWrong;
  check.message = request.slow ? "with slow checks" : "without slow checks";
  sink(check);
  CheckVerdict example = check;
  example.check = {1, "Adds", "EXAMPLE_One", true, false};
  example.outcome = has("no example") ? Outcome::kWrong : Outcome::kPassed;
  report.outcome = check.outcome;
  report.checks = {check, example};
  return report;
}

Judge fake_judge(const fs::path&) {
  return {[] {}, fake_grade,
          [](const RunRequest& request, const CancelToken*) {
            return RunReport{Outcome::kPassed, "", "ran " + request.try_source, 0, 1.0};
          }};
}

class HostTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("XDG_RUNTIME_DIR", base_.path().c_str(), 1);
    begin(3'600'000);
  }
  void TearDown() override {
    kill_host();
    unsetenv("XDG_RUNTIME_DIR");
  }

  void begin(std::int64_t time_ms, const char* format = "drill") {
    setup_.folder = SessionStore(base_.path() / "state").create("sum", {1, 1}, SystemClock().now());
    setup_.kata.id = "sum";
    write_kata();
    setup_.toolchain = {"0.1.0", "2.13.0", "clang 14"};
    setup_.judge = fake_judge;
    setup_.clock = &clock_;
    Created created;
    created.at = clock_.now();
    created.session = setup_.folder.id();
    created.kata = "sum";
    created.format = format;
    const bool one = format_row(format).levels == LevelRule::kOne;
    created.last_level = one ? 1 : 2;
    created.deadline = later(created.at, time_ms);
    created.toolchain = setup_.toolchain;
    Journal(setup_.folder.journal()).append(to_journal(created));
    write_text_file(setup_.folder.starter(), kStarter);
    write_text_file(attempt(), kStarter);
    write_text_file(setup_.folder.workspace() / "try.cpp", "try");
  }
  /// As much of a kata as hosts read: statements, contracts, starter, and what hints come from.
  void write_kata() {
    Kata& kata = setup_.kata;
    kata.root = base_.path() / "checkout";
    kata.levels = {{1, "One", 10}, {2, "Two", 20}};
    for (const int level : {1, 2}) {
      write_text_file(kata.statement(level), "statement\n");
      write_text_file(kata.contract(level), "// contract\n");
      write_text_file(kata.checks(level), "TEST(Adds, Two) {}\n");
    }
    write_text_file(kata.starter(), "// level 1\n// level 2\n");
    write_text_file(kata.reference(), "// level 1\nint one;\n// level 2\nint two;\n");
    write_text_file(kata.reference_folder() / "notes.md",
                    "## Walk-through\n**Level 1.** Add.\n**Level 2.** More.\n");
  }
  fs::path attempt() const { return setup_.folder.workspace() / "sum.cpp"; }
  void save(const std::string& text) const { write_text_file(attempt(), text); }

  json ask(const json& request) const {
    return *Client(setup_.folder)
                .ask(
                    request, [](const json&) {}, nullptr);
  }
  GradeReport check() const { return report_from_json(ask({{"request", "check"}}).at("report")); }
  Session replayed() const { return setup_.folder.replay(); }
  /// Waits for the host to be gone.
  void await_end() const {
    while (setup_.folder.hosted()) usleep(1000);
  }
  void kill_host() const {
    if (!setup_.folder.hosted()) return;
    const std::string pid = read_text_file(setup_.folder.lock(), 100);
    kill(std::atoi(pid.c_str()), SIGKILL);
    await_end();
  }

  TemporaryFolder base_;
  SystemClock clock_;
  HostSetup setup_;
};

TEST_F(HostTest, ACheckReturnsTheVerdictOnTheSavedText) {
  start_host(setup_);
  save("good");
  const GradeReport report = check();
  EXPECT_EQ(report.outcome, Outcome::kPassed);
  EXPECT_EQ(report.snapshot_hash, sha256("good"));
  EXPECT_EQ(report.checks.at(0).message, "without slow checks");
  EXPECT_EQ(read_text_file(setup_.folder.snapshot(sha256("good")), 100), "good");
  save("bad");
  EXPECT_EQ(check().outcome, Outcome::kWrong);
  EXPECT_EQ(replayed().snapshots.size(), 2u);
}

TEST_F(HostTest, ASaveIsJudgedWithoutBeingAskedAndAWatcherHearsOfIt) {
  start_host(setup_);
  Client watcher(setup_.folder);
  std::vector<std::string> types;
  bool saved = false;
  bool abandoned = false;
  const auto last = watcher.ask(
      {{"request", "watch"}},
      [&](const json& message) {
        types.push_back(message.at("type"));
        if (!std::exchange(saved, true)) save("good");
        const bool judged = types.back() == "report";
        if (judged && !std::exchange(abandoned, true)) ask({{"request", "abandon"}});
      },
      nullptr);
  EXPECT_EQ(types, (std::vector<std::string>{"status", "judging", "check", "report", "ended"}));
  EXPECT_EQ(last->at("status").at("phase"), "abandoned");
  await_end();
}

TEST_F(HostTest, ANewerSaveCancelsTheRunningOne) {
  start_host(setup_);
  save("slow");
  while (replayed().snapshots.empty()) usleep(1000);
  save("good");
  EXPECT_EQ(check().outcome, Outcome::kPassed);
  for (const VerdictReached& verdict : replayed().verdicts) {
    EXPECT_EQ(verdict.hash, sha256("good")) << "the overtaken save has no verdict";
  }
}

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

TEST_F(HostTest, ASubmitThatPassesEndsTheSession) {
  start_host(setup_);
  save("bad");
  json reply = ask({{"request", "submit"}});
  EXPECT_FALSE(reply.at("ended"));
  EXPECT_EQ(report_from_json(reply.at("report")).checks.at(0).message, "with slow checks");
  save("good");
  reply = ask({{"request", "submit"}});
  EXPECT_TRUE(reply.at("ended"));
  await_end();
  EXPECT_TRUE(passed(replayed()));
  EXPECT_EQ(replayed().submits.size(), 2u);
  EXPECT_THROW(Client client(setup_.folder), Fault);
  EXPECT_THROW(start_host(setup_), Fault);
}

TEST_F(HostTest, WhatCannotBeJudgedIsRefusedInOneSentence) {
  start_host(setup_);
  fs::remove(attempt());
  const json reply = ask({{"request", "check"}});
  EXPECT_EQ(reply.at("type"), "refused");
  EXPECT_EQ(reply.at("exit_code"), 2);
  EXPECT_NE(reply.at("message").get<std::string>().find("is missing"), std::string::npos);
  EXPECT_EQ(ask({{"request", "reset"}}).at("kept"), "");
  EXPECT_EQ(check().outcome, Outcome::kWrong);
}

TEST_F(HostTest, SurvivesTheWorkspaceBeingRemoved) {
  start_host(setup_);
  fs::remove_all(setup_.folder.workspace());
  EXPECT_EQ(ask({{"request", "check"}}).at("type"), "refused");
  EXPECT_EQ(ask({{"request", "reset"}}).at("type"), "reset");
  save("good");
  EXPECT_EQ(check().outcome, Outcome::kPassed);
}

TEST_F(HostTest, AFaultOfTheHarnessIsAVerdictAndTheHostGoesOn) {
  start_host(setup_);
  save("broken");
  const GradeReport report = check();
  EXPECT_EQ(report.outcome, Outcome::kFault);
  EXPECT_EQ(report.message, "the worker did not start");
  save("good");
  EXPECT_EQ(check().outcome, Outcome::kPassed);
}

TEST_F(HostTest, RunsTheCandidatesOwnMain) {
  start_host(setup_);
  const json reply = ask({{"request", "run"}});
  EXPECT_EQ(reply.at("type"), "ran");
  EXPECT_EQ(reply.at("output"), "ran try");
  EXPECT_TRUE(replayed().snapshots.empty());
}

TEST_F(HostTest, AnswersNonsenseWithARefusal) {
  start_host(setup_);
  for (const json& request : {json{{"request", "promote"}}, json::object(), json{{"request", 7}},
                              json{{"request", "check"}, {"seed", 7}}}) {
    EXPECT_EQ(ask(request).at("type"), "refused") << request;
  }
  save("good");
  EXPECT_EQ(check().outcome, Outcome::kPassed);
}

TEST_F(HostTest, OutlivesAFloodOfClientsAndMessages) {
  start_host(setup_);
  for (int i = 0; i < 100; ++i) {
    const Descriptor rude = connect_to(read_text_file(setup_.folder.socket(), 4096));
    const std::string bytes =
        i % 2 ? std::string("\xff\xff\xff\xff") : std::string("\x01\0\0\0{", 5);
    send(rude.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  const Descriptor chatty = connect_to(read_text_file(setup_.folder.socket(), 4096));
  const std::string frame = encode_frame({{"request", "status"}});
  for (int i = 0; i < 10'000; ++i) {
    if (send(chatty.get(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
  }
  save("good");
  EXPECT_EQ(check().outcome, Outcome::kPassed);
}

TEST_F(HostTest, OneSessionHasOneHost) {
  start_host(setup_);
  try {
    start_host(setup_);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_NE(std::string(fault.what()).find("already running"), std::string::npos);
  }
  save("good");
  EXPECT_EQ(check().outcome, Outcome::kPassed) << "the first one still listens";
}

TEST_F(HostTest, AtTheDeadlineTheLastSaveIsJudgedAndTheSessionEnds) {
  begin(700);
  start_host(setup_);
  save("good");
  await_end();
  const Session session = replayed();
  EXPECT_TRUE(passed(session));
  EXPECT_EQ(session.finished->reason, EndReason::kDeadline);
  EXPECT_EQ(session.verdicts.back().purpose, Purpose::kDeadline);
}

TEST_F(HostTest, ADeadlineWithNothingWrittenFinishesUnjudged) {
  begin(50);
  start_host(setup_);
  await_end();
  EXPECT_EQ(replayed().finished->outcome, Outcome::kNotRun);
  EXPECT_TRUE(replayed().snapshots.empty());
}

TEST_F(HostTest, PastTheDeadlineResumeJudgesTheLastSnapshotBeforeIt) {
  begin(1500);
  start_host(setup_);
  save("good");
  check();
  kill_host();
  while (!is_late(replayed(), clock_.now())) usleep(10'000);
  save("bad");  // after the deadline, with no host to see it
  start_host(setup_);
  await_end();
  const Session session = replayed();
  EXPECT_EQ(session.finished->hash, sha256("good"));
  EXPECT_TRUE(passed(session));
  ASSERT_EQ(session.late.size(), 1u);
  EXPECT_EQ(session.late[0].hash, sha256("bad"));
}

TEST_F(HostTest, AFaultAtTheDeadlineLeavesTheSessionToBeResumed) {
  begin(300);
  start_host(setup_);
  save("broken");
  await_end();
  EXPECT_EQ(replayed().phase, Phase::kRunning);
}

TEST_F(HostTest, ResumeTakesUpWhatTheDeadHostDidNotSee) {
  start_host(setup_);
  kill_host();
  EXPECT_THROW(Client client(setup_.folder), Fault);
  save("good");
  setup_.toolchain.libtorch = "2.14.0";
  start_host(setup_);
  while (replayed().verdicts.empty()) usleep(1000);
  EXPECT_EQ(replayed().verdicts[0].hash, sha256("good"));
  EXPECT_EQ(replayed().resumes, 1);
  EXPECT_EQ(replayed().toolchain.libtorch, "2.14.0");
}

TEST_F(HostTest, AnUnansweredSubmitIsAnsweredAfterResume) {
  start_host(setup_);
  save("slow good");
  std::thread submitter([this] { EXPECT_THROW(ask({{"request", "submit"}}), Fault); });
  while (replayed().open_submit.empty()) usleep(1000);
  kill_host();
  submitter.join();
  setup_.judge = [](const fs::path& scratch) {
    Judge judge = fake_judge(scratch);
    judge.grade = [](const GradeRequest& request, const VerdictSink& sink, const CancelToken* c) {
      GradeRequest quick = request;
      quick.source = "good";
      return fake_grade(quick, sink, c);
    };
    return judge;
  };
  start_host(setup_);
  await_end();
  EXPECT_TRUE(passed(replayed()));
  EXPECT_EQ(replayed().finished->hash, sha256("slow good"));
}

TEST_F(HostTest, KilledAtRandomPointsItLosesNothingThatWasTold) {
  std::minstd_rand random(7);
  std::vector<std::string> told;  // hashes whose verdicts a client has heard
  for (int round = 0; round < 20; ++round) {
    start_host(setup_);
    const std::chrono::microseconds until_kill(random() % 20'000);
    std::thread killer([&] {
      std::this_thread::sleep_for(until_kill);
      kill_host();
    });
    try {
      for (int i = 0; i < 100; ++i) {
        save("bad " + std::to_string(round) + " " + std::to_string(i));
        told.push_back(check().snapshot_hash);
      }
    } catch (const Fault&) {  // the host is gone
    }
    killer.join();
    const Session session = replayed();
    EXPECT_EQ(session.phase, Phase::kRunning);
    for (const std::string& hash : told) {
      const auto has = [&hash](const VerdictReached& verdict) { return verdict.hash == hash; };
      EXPECT_TRUE(std::any_of(session.verdicts.begin(), session.verdicts.end(), has));
      EXPECT_TRUE(fs::exists(setup_.folder.snapshot(hash)));
    }
  }
  EXPECT_EQ(replayed().resumes, 19);
}

TEST_F(HostTest, AKilledHostsTemporaryFilesAreRemovedByTheNext) {
  const fs::path where = base_.path() / "where";
  setup_.judge = [where](const fs::path& scratch) {
    write_text_file(scratch / std::to_string(getpid()), "");
    write_text_file(where, scratch.string());
    return fake_judge(scratch);
  };
  const auto files = [&where] {
    const fs::path scratch = read_text_file(where, 4096);
    return std::distance(fs::directory_iterator(scratch), fs::directory_iterator());
  };
  start_host(setup_);
  save("good");
  check();
  kill_host();
  EXPECT_EQ(files(), 1);
  start_host(setup_);
  check();
  EXPECT_EQ(files(), 1) << "its own alone";
  ask({{"request", "abandon"}});
  await_end();
  EXPECT_FALSE(fs::exists(read_text_file(where, 4096)));
}

TEST_F(HostTest, IsAskedToGoByASignalAndCanBeResumed) {
  start_host(setup_);
  kill(std::atoi(read_text_file(setup_.folder.lock(), 100).c_str()), SIGTERM);
  await_end();
  EXPECT_EQ(replayed().phase, Phase::kRunning);
  EXPECT_FALSE(fs::exists(read_text_file(setup_.folder.socket(), 4096)));
}

}  // namespace
}  // namespace unaided
