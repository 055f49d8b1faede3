#include "debrief_opening.h"

#include <gtest/gtest.h>

#include "debrief.h"
#include "fault.h"
#include "scripted_session.h"
#include "temporary_folder.h"

namespace unaided {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kDayMs = 24 * 60 * kMinuteMs;
constexpr std::int64_t kStartMs = 1'795'269'900'000;  // a Saturday
constexpr char kKata[] = "attention";

class DebriefTest : public testing::Test {
 protected:
  SessionFolder play(const ScriptedSession& script) const {
    return write_scripted_session(store_, script);
  }
  static SessionSummary summary_of(const SessionFolder& folder) {
    return summarize(folder.replay(), results_of(folder));
  }
  std::string debrief(const SessionFolder& folder) const {
    Background background;
    background.katas = {load_kata(UNAIDED_ROOT, kKata)};
    for (const SessionFolder& one : store_.all()) background.sessions.push_back(summary_of(one));
    return render_debrief(folder, read_kata_material(background.katas[0]), background, Terminal{});
  }
  /// Level 2, saved every minute with these failures.
  static ScriptedSession drill(const std::vector<std::vector<std::string>>& failures) {
    ScriptedSession script;
    script.first_level = script.last_level = 2;
    script.began_utc_ms = kStartMs;
    std::int64_t at_ms = 0;
    for (const auto& failed : failures) {
      script.saves.push_back({at_ms += kMinuteMs, Purpose::kSave, 2, failed});
    }
    script.saves.back().purpose = Purpose::kFinish;
    return script;
  }

  TemporaryFolder base_;
  SessionStore store_{base_.path() / "state"};
};

TEST_F(DebriefTest, OpensWithWhatCostMostSinceWhenAndTomorrowsDrill) {
  const SessionFolder folder =
      play(drill({{"Edges"}, {}, {"Edges"}, {"Edges", "Shape"}, {"Edges"}}));
  const std::string text = debrief(folder);
  EXPECT_TRUE(
      text.starts_with("Edges of level 2 cost most (25 % of level 2) and passed until the "))
      << text;
  const auto first = text.substr(0, text.find("\n\n"));
  EXPECT_NE(first.find("the save at 3:00"), std::string::npos) << first;
  EXPECT_NE(first.find("tomorrow: drill, attention, level 2 (30 min)."), std::string::npos)
      << first;
}

TEST_F(DebriefTest, SaysWhenABehaviourNeverPassed) {
  const std::string text = debrief(play(drill({{"Edges"}, {"Edges"}})));
  EXPECT_NE(text.find("never passed"), std::string::npos) << text;
}

TEST_F(DebriefTest, WhereEverythingPassedTomorrowIsWhatIsDue) {
  const std::string text = debrief(play(drill({{"Edges"}, {}})));
  EXPECT_TRUE(text.starts_with("Everything passed; tomorrow: drill, attention, level 1")) << text;
}

TEST_F(DebriefTest, TimesStandBesideParAndTheLastTime) {
  play(scripted_drill(kKata, 2, kStartMs - 9 * kDayMs, 30 * kMinuteMs));
  play(scripted_drill(kKata, 2, kStartMs - 4 * kDayMs, 17 * kMinuteMs + 40'000));
  play(scripted_drill(kKata, 2, kStartMs - kDayMs, 5 * kMinuteMs, "Shape"));
  ScriptedSession abandoned = scripted_drill(kKata, 2, kStartMs - 2 * kDayMs, 5 * kMinuteMs);
  abandoned.abandoned = true;
  play(abandoned);
  const std::string text = debrief(play(scripted_drill(kKata, 2, kStartMs, 12 * kMinuteMs)));
  EXPECT_NE(text.find("level 2  17:40 last Tuesday, par 20:00, this time 12:00 (first save 3:00, "
                      "first judged 3:00)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("3 saves, 1 run of check, 1 submit, 0 hints; longest without a save: 6:00"),
            std::string::npos)
      << text;
}

TEST_F(DebriefTest, PointsOfAnAssessmentAreNamed) {
  ScriptedSession script;
  script.format = "assessment";
  script.last_level = 4;
  script.began_utc_ms = kStartMs;
  script.saves = {{5 * kMinuteMs, Purpose::kSave, 1, {}},
                  {20 * kMinuteMs, Purpose::kFinish, 2, {"Edges", "Values"}}};
  const std::string text = debrief(play(script));
  EXPECT_TRUE(text.starts_with("Edges of level 2 cost most (37.5 of 600 points)")) << text;
}

TEST_F(DebriefTest, AnAbandonedSessionCountsForNothing) {
  ScriptedSession script = drill({{"Edges"}});
  script.abandoned = true;
  EXPECT_TRUE(debrief(play(script)).starts_with("The session was abandoned and does not count"));
}

TEST_F(DebriefTest, TheAttemptStandsBesideTheReferenceOfItsLevels) {
  const SessionFolder folder = play(drill({{"Edges"}, {}}));
  const KataMaterial material = read_kata_material(load_kata(UNAIDED_ROOT, kKata));
  const std::string text = beside_reference(folder, material, 120);
  EXPECT_NE(text.find("// save 2"), std::string::npos);
  EXPECT_NE(text.find("Your attempt"), std::string::npos);
  EXPECT_NE(text.find("softmax"), std::string::npos);
  EXPECT_EQ(text.find("level 3"), std::string::npos) << "levels that were not asked for";
}

TEST_F(DebriefTest, IsRefusedWhileTheSessionGoesOn) {
  ScriptedSession script = drill({{"Edges"}});
  script.running = true;
  const SessionFolder folder = play(script);
  EXPECT_THROW(debrief(folder), Fault);
  EXPECT_THROW(beside_reference(folder, {}, 120), Fault);
}

}  // namespace
}  // namespace unaided
