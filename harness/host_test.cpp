#include "host.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <random>
#include <thread>

#include "host_stage.h"

namespace unaided {
namespace {

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

TEST_F(HostTest, AWatcherHearsWhenTimeIsShort) {
  begin(60'400);
  start_host(setup_);
  Client watcher(setup_.folder);
  std::vector<std::string> warnings;
  watcher.ask(
      {{"request", "watch"}},
      [&](const json& message) {
        if (message.at("type") != "warning") return;
        warnings.push_back(message.at("message"));
        ask({{"request", "abandon"}});
      },
      nullptr);
  EXPECT_EQ(warnings, std::vector<std::string>{"1 minute left"});
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

TEST_F(HostTest, ACheckSaysWhenTheCompilerOfRecordDisagreesWithTheSave) {
  start_host(setup_);
  save("two minds");
  while (replayed().verdicts.empty()) usleep(1000);
  const GradeReport report = check();
  EXPECT_EQ(report.outcome, Outcome::kCompileError);
  EXPECT_NE(report.message.find("it compiled on the save"), std::string::npos) << report.message;
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

TEST_F(HostTest, ACheckRightAfterItsSaveIsJudgedOfRecordAndKeptAsACheck) {
  start_host(setup_);
  save("good, but of two minds");
  EXPECT_EQ(check().outcome, Outcome::kCompileError) << "the fake's compiler of record";
  const auto verdicts = replayed().verdicts;
  EXPECT_EQ(std::count_if(verdicts.begin(), verdicts.end(),
                          [](const auto& one) { return one.purpose == Purpose::kCheck; }),
            1);
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

TEST_F(HostTest, AToolThatCannotWatchIsRefusedBeforeAnythingIsJudged) {
  start_host(setup_);
  save("good");
  const json reply = ask({{"request", "check"}, {"sanitizer", "memcheck"}});
  EXPECT_EQ(reply.at("type"), "refused");
  EXPECT_NE(reply.at("message").get<std::string>().find("is for katas in CUDA"), std::string::npos);
  EXPECT_EQ(check().outcome, Outcome::kPassed);
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
