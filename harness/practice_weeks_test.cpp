// Three weeks of practice as a candidate has them: each day `next` is asked, what it says is sat
// (a scripted session, with a real journal), and the index is opened anew.
#include <gtest/gtest.h>

#include <map>

#include "history.h"
#include "practice.h"
#include "scripted_session.h"
#include "temporary_folder.h"

namespace unaided {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kStartMs = 1'795'269'900'000;
constexpr int kADay = 3;
constexpr Day kDays = 21;

using LevelId = std::pair<std::string, int>;

class PracticeWeeks : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& id : kata_ids(UNAIDED_ROOT)) {
      katas_.push_back(load_kata(UNAIDED_ROOT, id));
    }
  }

  /// Every fourth sitting fails, every third of the others is slower than par.
  ScriptedSession script_of(const Choice& choice, std::int64_t began_ms) {
    ++sittings_;
    const std::int64_t minutes = sittings_ % 3 == 0 ? 80 : 8;
    ScriptedSession script = scripted_drill(choice.kata, choice.level, began_ms,
                                            minutes * kMinuteMs, sittings_ % 4 == 0 ? "Edges" : "");
    script.format = choice.format;
    script.abandoned = sittings_ % 11 == 0;
    script.allowed_ms = 2 * kHourMs;
    return script;
  }

  /// False when the sitting was abandoned: it does not count, and is made up for on the same day.
  bool sit(std::int64_t began_ms) {
    const std::vector<SessionSummary> sessions = History(store_).sessions();
    const Day today = local_day(began_ms);
    const Choice choice = choose_practice(katas_, level_tries(sessions), today);
    const ScriptedSession script = script_of(choice, began_ms);
    write_scripted_session(store_, script);
    if (choice.reason == Reason::kNothing) return true;
    const LevelId level{choice.kata, choice.level};
    if (due_.contains(level)) {
      EXPECT_LE(due_[level], today) << choice.kata << " " << choice.level << " came too early";
    }
    if (script.abandoned) return false;
    first_seen_.try_emplace(level, today);
    const auto tries = level_tries(History(store_).sessions());
    for (const LevelStanding& one : level_standings(katas_, tries)) {
      if (one.tries > 0) due_[{one.kata, one.level}] = one.due();
    }
    return true;
  }

  TemporaryFolder base_;
  SessionStore store_{base_.path() / "state"};
  std::vector<Kata> katas_;
  int sittings_ = 0;
  std::map<LevelId, Day> due_;
  std::map<LevelId, Day> first_seen_;
};

TEST_F(PracticeWeeks, NoLevelComesTooEarlyAndTheMainKatasAreCoveredByDayEight) {
  for (Day day = 0; day < kDays; ++day) {
    std::int64_t at_ms = kStartMs + day * 24 * kHourMs;
    for (int sat = 0; sat < kADay; at_ms += kHourMs) sat += sit(at_ms) ? 1 : 0;
  }
  const Day eighth = local_day(kStartMs) + 7;
  for (const Kata& kata : katas_) {
    for (const Level& level : kata.levels) {
      const auto seen = first_seen_.find({kata.id, level.number});
      ASSERT_NE(seen, first_seen_.end()) << kata.id << level.number;
      if (kata.level_count() == 4) {
        EXPECT_LE(seen->second, eighth) << kata.id << " " << level.number;
      }
    }
  }
  History history(store_);
  EXPECT_EQ(history.sessions().size(), static_cast<std::size_t>(sittings_));
  const std::string grown = history.dump();
  history.rebuild();
  EXPECT_EQ(history.dump(), grown);
}

}  // namespace
}  // namespace unaided
