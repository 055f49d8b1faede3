#include "summary.h"

#include <gtest/gtest.h>

#include "scripted_session.h"
#include "temporary_folder.h"

namespace unaided {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kStartMs = 1'795'269'900'000;

SessionSummary summary_of(const ScriptedSession& script) {
  const TemporaryFolder base;
  const SessionFolder folder = write_scripted_session(SessionStore(base.path()), script);
  return summarize(folder.replay(), results_of(folder));
}

TEST(Summary, TimesOfADrillCountFromItsBeginning) {
  const SessionSummary summary =
      summary_of(scripted_drill("attention", 2, kStartMs, 12 * kMinuteMs));
  ASSERT_EQ(summary.levels.size(), 1u);
  const LevelSummary& level = summary.levels[0];
  EXPECT_EQ(level.level, 2);
  EXPECT_EQ(level.reading_ms, 3 * kMinuteMs);
  EXPECT_EQ(level.first_check_ms, 3 * kMinuteMs);
  EXPECT_EQ(level.first_pass_ms, 12 * kMinuteMs) << "the save's moment, not the verdict's";
  EXPECT_TRUE(level.is_passed());
  EXPECT_EQ(summary.saves, 3);
  EXPECT_EQ(summary.check_runs, 1);
  EXPECT_EQ(summary.submits, 1);
  EXPECT_EQ(summary.longest_gap_ms, 6 * kMinuteMs);
  EXPECT_TRUE(summary.failed.empty());
  EXPECT_TRUE(counts_for_trends(summary));
}

TEST(Summary, ASessionWhoseLastSaveIsJudgedLaterTookItsTimeAndNoMore) {
  ScriptedSession script = scripted_drill("attention", 1, kStartMs, 60 * kMinuteMs);
  script.allowed_ms = 45 * kMinuteMs;
  script.saves.pop_back();
  const TemporaryFolder base;
  const SessionFolder folder = write_scripted_session(SessionStore(base.path()), script);
  Session session = folder.replay();
  session.ended_at = later(session.created.at, 70 * kMinuteMs);
  const SessionSummary summary = summarize(session, results_of(folder));
  EXPECT_EQ(summary.duration_ms, 45 * kMinuteMs);
  EXPECT_EQ(summary.longest_gap_ms, 15 * kMinuteMs);
}

TEST(Summary, ALevelOfAnAssessmentBeginsWhenItIsUnlocked) {
  ScriptedSession script;
  script.format = "assessment";
  script.last_level = 4;
  script.began_utc_ms = kStartMs;
  script.saves = {{10 * kMinuteMs, Purpose::kSave, 1, {}},
                  {20 * kMinuteMs, Purpose::kSave, 2, {"Edges", "Shape"}},
                  {35 * kMinuteMs, Purpose::kSubmit, 2, {"Edges"}}};
  const SessionSummary summary = summary_of(script);
  ASSERT_EQ(summary.levels.size(), 2u) << "levels 3 and 4 were never seen";
  EXPECT_EQ(summary.levels[1].began_ms, 20 * kMinuteMs - 1);
  EXPECT_EQ(summary.levels[1].first_check_ms, 1);
  EXPECT_FALSE(summary.levels[1].first_pass_ms);
  EXPECT_EQ(summary.levels[0].points, 100);
  EXPECT_EQ(summary.levels[1].points, 112.5);
  EXPECT_EQ(summary.points, 212.5);
  EXPECT_EQ(summary.points_max, 600);
  ASSERT_EQ(summary.failed.size(), 1u);
  EXPECT_EQ(summary.failed[0], (FailedBehaviour{2, "Edges", 2, 2, 37.5}));
}

TEST(Summary, ALevelOfAnInterviewBeginsWithThePassOfTheOneBelow) {
  ScriptedSession script;
  script.format = "interview";
  script.last_level = 2;
  script.began_utc_ms = kStartMs;
  script.saves = {{4 * kMinuteMs, Purpose::kSave, 1, {"Shape"}},
                  {9 * kMinuteMs, Purpose::kSave, 1, {}},
                  {15 * kMinuteMs, Purpose::kSave, 2, {"Shape"}},
                  {20 * kMinuteMs, Purpose::kFinish, 2, {}}};
  const SessionSummary summary = summary_of(script);
  ASSERT_EQ(summary.levels.size(), 2u);
  EXPECT_EQ(summary.levels[0].first_pass_ms, 9 * kMinuteMs);
  EXPECT_EQ(summary.levels[1].began_ms, 9 * kMinuteMs);
  EXPECT_EQ(summary.levels[1].first_check_ms, 6 * kMinuteMs);
  EXPECT_EQ(summary.levels[1].first_pass_ms, 11 * kMinuteMs);
}

TEST(Summary, AnAbandonedSessionHasNoScoreAndCountsForNothing) {
  ScriptedSession script = scripted_drill("attention", 1, kStartMs, 8 * kMinuteMs, "Edges");
  script.abandoned = true;
  const SessionSummary summary = summary_of(script);
  EXPECT_EQ(summary.checks, 0);
  EXPECT_TRUE(summary.failed.empty());
  EXPECT_FALSE(counts_for_trends(summary));
}

TEST(Summary, AHuntForBugsCountsForNoTrend) {
  ScriptedSession script = scripted_drill("attention", 1, kStartMs, 8 * kMinuteMs);
  script.format = "debug";
  EXPECT_FALSE(counts_for_trends(summary_of(script)));
}

TEST(Summary, ASessionWithoutASaveIsAllGap) {
  ScriptedSession script;
  script.began_utc_ms = kStartMs;
  const SessionSummary summary = summary_of(script);
  EXPECT_EQ(summary.saves, 0);
  EXPECT_EQ(summary.longest_gap_ms, summary.duration_ms);
  ASSERT_EQ(summary.levels.size(), 1u);
  EXPECT_FALSE(summary.levels[0].reading_ms);
  EXPECT_FALSE(summary.levels[0].is_passed());
}

}  // namespace
}  // namespace unaided
