#include "session.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fault.h"
#include "journal.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

const Moment kStart{"boot-a", 5000, 1795269909123};
constexpr std::int64_t kAllowedMs = 15 * 60'000;

Moment at(std::int64_t ms) {
  return later(kStart, ms);
}

Created created() {
  Created event;
  event.at = kStart;
  event.session = "20261121-1405-attention-l2";
  event.kata = "attention";
  event.format = "drill";
  event.first_level = event.last_level = 2;
  event.seed = 18'446'744'073'709'551'615u;
  event.deadline = at(kAllowedMs);
  event.toolchain = {"0.1.0", "2.13.0", "clang 14"};
  return event;
}

VerdictReached verdict(std::int64_t ms, const std::string& hash, Purpose purpose, Outcome outcome) {
  VerdictReached event;
  event.at = at(ms);
  event.hash = hash;
  event.purpose = purpose;
  event.tally = event.told = {outcome, outcome == Outcome::kPassed ? 10 : 7, 10};
  event.seed = 7;
  event.result = "1.json";
  return event;
}

/// A session that ends at its deadline.
std::vector<Event> history() {
  return {
      created(),
      SnapshotTaken{at(1000), "aa"},
      verdict(2000, "aa", Purpose::kSave, Outcome::kWrong),
      Resumed{at(3000)},
      ToolchainChanged{at(3001), {"0.1.0", "2.14.0", "clang 15"}},
      SnapshotTaken{at(4000), "bb"},
      Submitted{at(4001), "bb"},
      verdict(5000, "bb", Purpose::kSubmit, Outcome::kTimeLimit),
      Late{at(kAllowedMs + 5000), "cc"},
      verdict(kAllowedMs + 6000, "bb", Purpose::kDeadline, Outcome::kPassed),
      Finished{at(kAllowedMs + 6001), EndReason::kDeadline, "bb", Outcome::kPassed},
  };
}

Session replay(const std::vector<Event>& events) {
  Session session;
  for (const Event& event : events) session = unaided::apply(session, event);
  return session;
}

struct Expected {
  Phase phase;
  std::size_t snapshots, submits, verdicts;
  std::string open_submit;
  int resumes;
};

TEST(Session, EveryPrefixOfAJournalReplaysToTheRightState) {
  const std::vector<Expected> expected = {
      {Phase::kNew, 0, 0, 0, "", 0},     {Phase::kRunning, 0, 0, 0, "", 0},
      {Phase::kRunning, 1, 0, 0, "", 0}, {Phase::kRunning, 1, 0, 1, "", 0},
      {Phase::kRunning, 1, 0, 1, "", 1}, {Phase::kRunning, 1, 0, 1, "", 1},
      {Phase::kRunning, 2, 0, 1, "", 1}, {Phase::kRunning, 2, 1, 1, "bb", 1},
      {Phase::kRunning, 2, 1, 2, "", 1}, {Phase::kRunning, 2, 1, 2, "", 1},
      {Phase::kRunning, 2, 1, 3, "", 1}, {Phase::kFinished, 2, 1, 3, "", 1},
  };
  const std::vector<Event> events = history();
  ASSERT_EQ(expected.size(), events.size() + 1);
  const TemporaryFolder folder;
  Journal journal(folder.path() / "journal");
  for (std::size_t count = 0; count <= events.size(); ++count) {
    if (count > 0) journal.append(to_journal(events[count - 1]));
    Session session;
    for (const nlohmann::json& line : read_journal(folder.path() / "journal").events) {
      session = unaided::apply(session, from_journal(line));
    }
    EXPECT_EQ(session.phase, expected[count].phase) << count;
    EXPECT_EQ(session.snapshots.size(), expected[count].snapshots) << count;
    EXPECT_EQ(session.submits.size(), expected[count].submits) << count;
    EXPECT_EQ(session.verdicts.size(), expected[count].verdicts) << count;
    EXPECT_EQ(session.open_submit, expected[count].open_submit) << count;
    EXPECT_EQ(session.resumes, expected[count].resumes) << count;
    EXPECT_EQ(session.toolchain.libtorch, count == 0 ? "" : count < 5 ? "2.13.0" : "2.14.0");
    EXPECT_EQ(session.late.size(), count < 9 ? 0u : 1u);
    EXPECT_EQ(passed(session), count == events.size());
  }
}

/// What a prefix of a journal adds up to, in words.
std::string state_text(const Session& session) {
  return fmt::format("{} open {} hints {} saves {} submits {}{} verdicts {} late {} resumes {}{}",
                     phase_id(session.phase), session.open_level, session.hints,
                     session.snapshots.size(), session.submits.size(),
                     session.open_submit.empty() ? "" : " open", session.verdicts.size(),
                     session.late.size(), session.resumes, session.ended_at ? " ended" : "");
}

/// Another, of several levels: with the kinds of event that the first one lacks.
std::vector<Event> long_history() {
  Created assessment = created();
  assessment.format = "assessment";
  assessment.first_level = 1;
  assessment.last_level = 4;
  return {assessment,
          SnapshotTaken{at(1000), "aa"},
          Hinted{at(1500), 1},
          verdict(2000, "aa", Purpose::kSave, Outcome::kPassed),
          Unlocked{at(2500), 2},
          Hinted{at(2600), 2},
          Submitted{at(3000), "aa"},
          Resumed{at(3500)},
          verdict(4000, "aa", Purpose::kSubmit, Outcome::kWrong),
          Unlocked{at(4500), 3},
          Late{at(kAllowedMs + 5000), "cc"},
          Abandoned{at(kAllowedMs + 6000)}};
}

TEST(Session, EveryPrefixOfALongJournalReplaysToTheRightStateWhereverTheLastLineTears) {
  const std::vector<std::string> expected = {
      "new open 0 hints 0 saves 0 submits 0 verdicts 0 late 0 resumes 0",
      "running open 1 hints 0 saves 0 submits 0 verdicts 0 late 0 resumes 0",
      "running open 1 hints 0 saves 1 submits 0 verdicts 0 late 0 resumes 0",
      "running open 1 hints 1 saves 1 submits 0 verdicts 0 late 0 resumes 0",
      "running open 1 hints 1 saves 1 submits 0 verdicts 1 late 0 resumes 0",
      "running open 2 hints 1 saves 1 submits 0 verdicts 1 late 0 resumes 0",
      "running open 2 hints 2 saves 1 submits 0 verdicts 1 late 0 resumes 0",
      "running open 2 hints 2 saves 1 submits 1 open verdicts 1 late 0 resumes 0",
      "running open 2 hints 2 saves 1 submits 1 open verdicts 1 late 0 resumes 1",
      "running open 2 hints 2 saves 1 submits 1 verdicts 2 late 0 resumes 1",
      "running open 3 hints 2 saves 1 submits 1 verdicts 2 late 0 resumes 1",
      "running open 3 hints 2 saves 1 submits 1 verdicts 2 late 1 resumes 1",
      "abandoned open 3 hints 2 saves 1 submits 1 verdicts 2 late 1 resumes 1 ended",
  };
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "journal";
  {
    Journal journal(path);
    for (const Event& event : long_history()) journal.append(to_journal(event));
  }
  const std::string whole = read_text_file(path, 1'000'000);
  for (std::size_t bytes = 0; bytes <= whole.size(); ++bytes) {
    const std::string prefix = whole.substr(0, bytes);
    write_text_file(path, prefix);
    Session session;
    for (const nlohmann::json& line : read_journal(path).events) {
      session = unaided::apply(session, from_journal(line));
    }
    const auto lines = static_cast<std::size_t>(std::count(prefix.begin(), prefix.end(), '\n'));
    EXPECT_EQ(state_text(session), expected.at(lines > 0 ? lines - 1 : 0)) << bytes;
  }
}

TEST(Event, SurvivesTheJournalWhole) {
  std::vector<Event> events = history();
  for (const Event& event : long_history()) events.push_back(event);
  for (const Event& event : events) {
    const nlohmann::json written = to_journal(event);
    EXPECT_EQ(to_journal(from_journal(nlohmann::json::parse(written.dump()))), written);
  }
  EXPECT_EQ(std::get<Created>(from_journal(to_journal(created()))).seed, created().seed);
}

TEST(Event, KeepsThePlantedBugsAndWhatTheCandidateHeard) {
  Created debug = created();
  debug.bugs = {"level2_no_scale", "level2_blind_late_mask"};
  const Event read = from_journal(to_journal(debug));
  EXPECT_EQ(std::get<Created>(read).bugs, debug.bugs);
  EXPECT_FALSE(std::get<Created>(read).emulated);
  debug.emulated = true;
  EXPECT_TRUE(std::get<Created>(from_journal(to_journal(debug))).emulated);
  VerdictReached event = verdict(1, "aa", Purpose::kSave, Outcome::kWrong);
  event.told = {Outcome::kPassed, 2, 2};
  const Event again = from_journal(to_journal(event));
  EXPECT_EQ(std::get<VerdictReached>(again).told, event.told);
  EXPECT_EQ(std::get<VerdictReached>(again).tally, event.tally);
}

TEST(Event, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(from_journal({{"event", "promoted"}, {"at", kStart}}), Fault);
  EXPECT_THROW(from_journal({{"event", "late"}, {"at", kStart}}), Fault);
  EXPECT_THROW(from_journal({{"event", "late"}, {"at", kStart}, {"hash", 7}}), Fault);
  EXPECT_THROW(from_journal(nlohmann::json::object()), Fault);
  nlohmann::json forged = to_journal(verdict(1, "aa", Purpose::kSave, Outcome::kWrong));
  forged["outcome"] = "splendid";
  EXPECT_THROW(from_journal(forged), Fault);
}

TEST(Session, TheMomentOfTheSnapshotDecidesLateness) {
  const Session session = replay({created()});
  EXPECT_FALSE(is_late(session, at(kAllowedMs)));
  EXPECT_FALSE(is_late(session, at(kAllowedMs + kDeadlineGraceMs)));
  EXPECT_TRUE(is_late(session, at(kAllowedMs + kDeadlineGraceMs + 1)));
  EXPECT_THROW(unaided::apply(session, SnapshotTaken{at(kAllowedMs + 1000), "aa"}), Fault);
  EXPECT_THROW(unaided::apply(session, Late{at(1000), "aa"}), Fault);

  // A verdict that comes long after the deadline on a snapshot in time is a verdict.
  const Session judged =
      replay({created(), SnapshotTaken{at(kAllowedMs), "aa"},
              verdict(kAllowedMs + 60'000, "aa", Purpose::kDeadline, Outcome::kPassed)});
  EXPECT_EQ(judged.verdicts.size(), 1u);
  EXPECT_EQ(counting_snapshot(judged), "aa");
}

TEST(Session, ALateSnapshotNeverCounts) {
  const Session session =
      replay({created(), SnapshotTaken{at(1), "aa"}, Late{at(kAllowedMs + 1000), "bb"}});
  EXPECT_EQ(counting_snapshot(session), "aa");
  EXPECT_THROW(unaided::apply(session, Submitted{at(kAllowedMs + 1001), "bb"}), Fault);
}

TEST(Session, TheDeadlineSurvivesARebootByTheWall) {
  const Session session = replay({created()});
  FakeClock clock(kStart);
  clock.advance(60'000);
  EXPECT_EQ(time_left(session, clock.now())->ms, kAllowedMs - 60'000);
  EXPECT_FALSE(time_left(session, clock.now())->by_wall_clock);
  clock.reboot(120'000);
  EXPECT_EQ(time_left(session, clock.now())->ms, kAllowedMs - 180'000);
  EXPECT_TRUE(time_left(session, clock.now())->by_wall_clock);
}

TEST(Session, RefusesEventsThatCannotFollow) {
  EXPECT_THROW(replay({Resumed{at(1)}}), Fault);
  EXPECT_THROW(replay({created(), created()}), Fault);
  EXPECT_THROW(replay({created(), Submitted{at(1), "aa"}}), Fault);
  EXPECT_THROW(replay({created(), Abandoned{at(1)}, SnapshotTaken{at(2), "aa"}}), Fault);
  Created unknown = created();
  unknown.format = "duel";
  EXPECT_THROW(replay({unknown}), Fault);
}

TEST(Session, TheBetterOfTheLastSubmitAndTheLastSaveCounts) {
  const auto counting = [](Outcome submit, Outcome last) {
    const Session session =
        replay({created(), SnapshotTaken{at(1), "aa"}, Submitted{at(2), "aa"},
                verdict(3, "aa", Purpose::kSubmit, submit), SnapshotTaken{at(4), "bb"},
                verdict(5, "bb", Purpose::kFinish, last)});
    return counting_verdict(session)->hash;
  };
  EXPECT_EQ(counting(Outcome::kWrong, Outcome::kPassed), "bb");
  EXPECT_EQ(counting(Outcome::kPassed, Outcome::kWrong), "aa");
  EXPECT_EQ(counting(Outcome::kWrong, Outcome::kWrong), "aa");
  const Session saved_only = replay(
      {created(), SnapshotTaken{at(1), "aa"}, verdict(2, "aa", Purpose::kSave, Outcome::kPassed)});
  EXPECT_EQ(counting_verdict(saved_only), nullptr) << "a save runs without the slow checks";
}

}  // namespace
}  // namespace unaided
