#include "history.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_stage.h"
#include "fault.h"
#include "history_text.h"
#include "journal.h"
#include "scripted_session.h"
#include "session_ladder.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kDayMs = 24 * 60 * kMinuteMs;
constexpr std::int64_t kStartMs = 1'795'269'900'000;

class HistoryTest : public testing::Test {
 protected:
  SessionFolder play(const ScriptedSession& script) const {
    return write_scripted_session(store_, script);
  }
  void play_some(int count) const {
    for (int i = 0; i < count; ++i) {
      play(scripted_drill("attention", 1 + i % 4, kStartMs + i * kDayMs, 10 * kMinuteMs,
                          i % 3 == 0 ? "Edges" : ""));
    }
  }
  fs::path index() const { return store_.index(); }
  std::string refusal() const {
    try {
      const History history(store_);
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "";
  }

  TemporaryFolder base_;
  SessionStore store_{base_.path() / "state"};
};

TEST_F(HistoryTest, GivesBackWhatTheFoldersHold) {
  ScriptedSession assessment;
  assessment.format = "assessment";
  assessment.last_level = 4;
  assessment.began_utc_ms = kStartMs;
  assessment.saves = {{5 * kMinuteMs, Purpose::kSave, 1, {}},
                      {30 * kMinuteMs, Purpose::kSubmit, 2, {"Edges"}}};
  const SessionFolder folder = play(assessment);
  const History history(store_);
  ASSERT_EQ(history.sessions().size(), 1u);
  EXPECT_EQ(history.sessions()[0], summarize(folder.replay(), results_of(folder)));
  EXPECT_TRUE(history.remarks().empty());
}

TEST_F(HistoryTest, GivesTheNewestAndThoseOfOneKata) {
  play_some(5);
  play(scripted_drill("decoding", 1, kStartMs + 2, 5 * kMinuteMs));
  const History history(store_);
  EXPECT_EQ(history.sessions().size(), 6u);
  EXPECT_EQ(history.sessions({"decoding", 0}).size(), 1u);
  const auto newest = history.sessions({"", 2});
  ASSERT_EQ(newest.size(), 2u);
  EXPECT_EQ(newest[1].began_utc_ms, kStartMs + 4 * kDayMs);
  EXPECT_LT(newest[0].began_utc_ms, newest[1].began_utc_ms);
}

TEST_F(HistoryTest, SeesWhatChangedSinceTheLastTime) {
  play_some(2);
  { const History history(store_); }
  play_some(1);
  ScriptedSession running = scripted_drill("decoding", 1, kStartMs, 5 * kMinuteMs);
  running.running = true;
  const SessionFolder folder = play(running);
  {
    const History history(store_);
    ASSERT_EQ(history.sessions().size(), 4u);
    EXPECT_EQ(history.sessions({"decoding", 0})[0].phase, Phase::kRunning);
  }
  Journal(folder.journal()).append(to_journal(Abandoned{later(folder.replay().created.at, 9)}));
  const History history(store_);
  EXPECT_EQ(history.sessions({"decoding", 0})[0].phase, Phase::kAbandoned);
  fs::remove_all(folder.path);
  EXPECT_EQ(History(store_).sessions().size(), 3u);
}

TEST_F(HistoryTest, TakesInALadderThatComesAfterTheSession) {
  play_some(1);
  const SessionFolder folder = play(scripted_drill("decoding", 2, kStartMs + kDayMs, kMinuteMs));
  { const History history(store_); }
  keep_ladder(folder, staged_report());
  History history(store_);
  EXPECT_TRUE(history.sessions()[0].ladder.empty());
  EXPECT_EQ(history.sessions()[1].ladder, own_times(*kept_ladder(folder).report));
  const std::string grown = history.dump();
  history.rebuild();
  EXPECT_EQ(history.dump(), grown);
  keep_ladder(folder, staged_report(/*yours_s=*/0.45));
  ASSERT_EQ(History(store_).sessions()[1].ladder.size(), 1u);
  EXPECT_NEAR(History(store_).sessions()[1].ladder[0].time_s, 0.45, 1e-9);
  fs::remove(folder.ladder());
  EXPECT_TRUE(History(store_).sessions()[1].ladder.empty());
}

TEST_F(HistoryTest, ADamagedLadderHidesNothingElseOfItsSession) {
  const SessionFolder folder = play(scripted_drill("decoding", 2, kStartMs, kMinuteMs));
  write_text_file(folder.ladder(), "what?");
  const History history(store_);
  ASSERT_EQ(history.sessions().size(), 1u);
  EXPECT_EQ(history.sessions()[0], summarize(folder.replay(), results_of(folder)));
  ASSERT_EQ(history.remarks().size(), 1u);
  EXPECT_NE(history.remarks()[0].find("measures again"), std::string::npos);
}

TEST_F(HistoryTest, GivesThoseThatHaveNotEnded) {
  play_some(2);
  ScriptedSession running = scripted_drill("decoding", 1, kStartMs, 5 * kMinuteMs);
  running.running = true;
  const SessionFolder folder = play(running);
  const auto found = History(store_).sessions({.running = true});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, folder.id());
  EXPECT_TRUE(History(store_).sessions({.kata = "attention", .running = true}).empty());
}

TEST_F(HistoryTest, ARebuiltIndexEqualsTheOneThatGrew) {
  for (int i = 0; i < 6; ++i) {
    play_some(i % 3);
    const History history(store_);
  }
  History history(store_);
  const std::string grown = history.dump();
  history.rebuild();
  EXPECT_EQ(history.dump(), grown);
  fs::remove(index());
  fs::remove(index().string() + "-wal");
  fs::remove(index().string() + "-shm");
  EXPECT_EQ(History(store_).dump(), grown);
}

TEST_F(HistoryTest, ADamagedSessionIsNamedAndHidesNoOther) {
  play_some(3);
  const SessionFolder folder = store_.all().front();
  const std::string journal = read_text_file(folder.journal(), 1'000'000);
  write_text_file(folder.journal(), "what?\n");
  {
    const History history(store_);
    EXPECT_EQ(history.sessions().size(), 2u);
    ASSERT_EQ(history.remarks().size(), 1u);
    EXPECT_NE(history.remarks()[0].find("damaged or foreign"), std::string::npos);
  }
  write_text_file(folder.journal(), journal);
  EXPECT_EQ(History(store_).sessions().size(), 3u);
  EXPECT_TRUE(History(store_).remarks().empty());
}

TEST_F(HistoryTest, AMissingResultIsNamedAndTakenUpOnceItIsBack) {
  play_some(1);
  const SessionFolder folder = store_.all().front();
  fs::rename(folder.result("0003.json"), folder.path / "elsewhere");
  EXPECT_EQ(History(store_).remarks().size(), 1u);
  fs::rename(folder.path / "elsewhere", folder.result("0003.json"));
  EXPECT_TRUE(History(store_).remarks().empty());
  EXPECT_EQ(History(store_).sessions().size(), 1u);
}

TEST_F(HistoryTest, ADamagedIndexIsKeptAsideAndMadeAnew) {
  play_some(3);
  const std::string dump = History(store_).dump();
  for (const char* damage : {"this is not a database, whoever wrote it", ""}) {
    const std::string text = damage + std::string(5000, '!');
    write_text_file(index(), text);
    fs::remove(index().string() + "-wal");
    fs::remove(index().string() + "-shm");
    const History history(store_);
    ASSERT_EQ(history.remarks().size(), 1u);
    EXPECT_NE(history.remarks()[0].find("is kept as"), std::string::npos) << history.remarks()[0];
    EXPECT_EQ(history.dump(), dump);
  }
  EXPECT_TRUE(fs::exists(index().string() + ".damaged"));
  EXPECT_TRUE(fs::exists(index().string() + ".damaged-2"));
}

TEST_F(HistoryTest, AForeignDatabaseIsKeptAside) {
  play_some(1);
  {
    SQLite::Database foreign(index().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    foreign.exec("CREATE TABLE recipes (name TEXT)");
  }
  EXPECT_EQ(History(store_).sessions().size(), 1u);
  SQLite::Database kept(index().string() + ".damaged", SQLite::OPEN_READONLY);
  EXPECT_TRUE(kept.tableExists("recipes"));
}

TEST_F(HistoryTest, APageThatIsDamagedLaterIsMendedByARebuild) {
  play_some(40);
  const std::string dump = History(store_).dump();
  {
    SQLite::Database database(index().string(), SQLite::OPEN_READWRITE);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  std::string bytes = read_text_file(index(), 10'000'000);
  for (std::size_t i = 4096; i + 100 < bytes.size(); i += 4096) bytes.replace(i, 60, 60, '\xff');
  write_text_file(index(), bytes);
  History history(store_);
  history.rebuild();
  EXPECT_EQ(history.dump(), dump);
  EXPECT_EQ(read_text_file(index().string() + ".damaged", 10'000'000), bytes);
}

TEST_F(HistoryTest, ANewerIndexIsRefusedInOneSentenceAndNotTouched) {
  play_some(1);
  { const History history(store_); }
  {
    SQLite::Database database(index().string(), SQLite::OPEN_READWRITE);
    database.exec("PRAGMA user_version = " + std::to_string(kHistorySchema + 1));
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  const std::string bytes = read_text_file(index(), 10'000'000);
  EXPECT_NE(refusal().find("newer unaided"), std::string::npos) << refusal();
  EXPECT_EQ(refusal().find('\n'), std::string::npos);
  EXPECT_EQ(read_text_file(index(), 10'000'000), bytes);
}

TEST_F(HistoryTest, WhereItCannotBeWrittenItLivesInMemory) {
  play_some(2);
  fs::create_directory(index());
  const History history(store_);
  EXPECT_EQ(history.sessions().size(), 2u);
  ASSERT_EQ(history.remarks().size(), 1u);
  EXPECT_NE(history.remarks()[0].find("cannot be written"), std::string::npos);
}

TEST_F(HistoryTest, ManyProcessesAtOnceAgree) {
  play_some(20);
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      try {
        for (int round = 0; round < 5; ++round) {
          History history(store_);
          if (i % 2 == 0) history.rebuild();
          if (history.sessions().size() != 20) _exit(2);
        }
      } catch (const std::exception& fault) {
        dprintf(2, "%s\n", fault.what());
        _exit(1);
      }
      _exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  History history(store_);
  const std::string grown = history.dump();
  EXPECT_TRUE(history.remarks().empty());
  history.rebuild();
  EXPECT_EQ(history.dump(), grown);
}

TEST_F(HistoryTest, SurvivesKillsAtAnyMoment) {
  play_some(10);
  for (int round = 0; round < 20; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      for (;;) History(store_).rebuild();
    }
    usleep(static_cast<useconds_t>(1000 * round));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    History history(store_);
    EXPECT_TRUE(history.remarks().empty()) << history.remarks()[0];
    EXPECT_EQ(history.sessions().size(), 10u);
  }
}

TEST_F(HistoryTest, TheListShowsScoreTimeAndThatNothingWasSealed) {
  play(scripted_drill("attention", 2, kStartMs, 10 * kMinuteMs, "Edges"));
  ScriptedSession abandoned = scripted_drill("decoding", 1, kStartMs + 1, 5 * kMinuteMs);
  abandoned.abandoned = true;
  play(abandoned);
  const std::string text = render_history(History(store_).sessions(), Terminal{});
  EXPECT_NE(text.find("attention 2"), std::string::npos) << text;
  EXPECT_NE(text.find("6 of 8 checks"), std::string::npos) << text;
  EXPECT_NE(text.find("10:00"), std::string::npos) << text;
  EXPECT_NE(text.find("UNSEALED"), std::string::npos) << text;
  EXPECT_NE(text.find("abandoned"), std::string::npos) << text;
  EXPECT_EQ(render_history({}, Terminal{}), "No session yet.\n");
}

}  // namespace
}  // namespace unaided
