#include "report_model.h"

#include <gtest/gtest.h>

#include "clock.h"

namespace unaided {
namespace {

using nlohmann::json;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kDayMs = 24 * 60 * kMinuteMs;
constexpr std::int64_t kNowMs = 1'796'126'400'000;  // 2026-12-01, noon in UTC, a Tuesday

SessionSummary drill(const char* id, int days_ago, int passed, int checks) {
  SessionSummary session;
  session.id = id;
  session.kata = "attention";
  session.format = "drill";
  session.phase = Phase::kFinished;
  session.began_utc_ms = kNowMs - days_ago * kDayMs;
  session.duration_ms = 30 * kMinuteMs;
  session.outcome = passed == checks ? Outcome::kPassed : Outcome::kWrong;
  session.passed = passed;
  session.checks = checks;
  session.seal = "UNSEALED";
  LevelSummary level;
  level.level = 1;
  level.passed = passed;
  level.checks = checks;
  if (passed == checks) level.first_pass_ms = 754 * 1000;
  session.levels = {level};
  return session;
}

Kata attention() {
  Kata kata;
  kata.id = "attention";
  kata.levels = {{1, "One", 10}, {2, "Two", 20}};
  return kata;
}

json model_of(const std::vector<SessionSummary>& sessions) {
  const std::vector<Kata> katas = {attention()};
  return report_model(sessions, katas, kNowMs);
}

TEST(ReportModel, OfNoSessionsIsEmptyButNamesEveryLevel) {
  const json model = model_of({});
  EXPECT_EQ(model["schema"], kReportModelSchema);
  EXPECT_EQ(model["totals"]["sessions"], 0);
  EXPECT_EQ(model["scores"], json::array());
  EXPECT_EQ(model["ladder"], json::array());
  ASSERT_EQ(model["heat"]["rows"].size(), 2u);
  EXPECT_EQ(model["heat"]["weeks"], json::array({"2026-11-30"}));
  EXPECT_EQ(model["heat"]["rows"][1]["cells"], json::array({nullptr}));
}

TEST(ReportModel, AScoreIsAShareOfPointsWhereThereAreAnyElseOfChecks) {
  SessionSummary assessment = drill("b", 0, 1, 3);
  assessment.format = "assessment";
  assessment.last_level = 4;
  assessment.points = 420;
  assessment.points_max = 600;
  const json scores = model_of({drill("a", 1, 1, 3), assessment})["scores"];
  ASSERT_EQ(scores.size(), 2u);
  EXPECT_EQ(scores[0]["percent"], 33.3) << "as the page shows it";
  EXPECT_EQ(scores[0]["day"], "2026-11-30");
  EXPECT_EQ(scores[0]["levels"], "1");
  EXPECT_EQ(scores[0]["seal"], "UNSEALED");
  EXPECT_EQ(scores[1]["percent"], 70.0);
  EXPECT_EQ(scores[1]["levels"], "1-4");
}

TEST(ReportModel, ALadderIsATrendForEachProblemOnEachMachine) {
  const auto timed = [](const char* id, int days_ago, const char* machine, double speed) {
    SessionSummary session = drill(id, days_ago, 3, 3);
    session.ladder = {{"softmax", "8x8 f32, hot", machine, 12.3456e-6, speed, 0.9 * speed,
                       1.1 * speed, "SLOWER"}};
    return session;
  };
  const json ladder = model_of({timed("a", 9, "old", 0.012345), timed("b", 8, "new", 0.5),
                                timed("c", 1, "old", 2)})["ladder"];
  ASSERT_EQ(ladder.size(), 2u) << "times of two machines are no trend";
  EXPECT_EQ(ladder[0]["machine"], "new");
  EXPECT_EQ(ladder[1]["kernel"], "softmax");
  EXPECT_EQ(ladder[1]["problem"], "8x8 f32, hot");
  ASSERT_EQ(ladder[1]["runs"].size(), 2u);
  const json& first = ladder[1]["runs"][0];
  EXPECT_EQ(first["session"], "a");
  EXPECT_EQ(first["speed"], 0.0123) << "three digits";
  EXPECT_EQ(first["time_us"], 12.3);
  EXPECT_EQ(first["standing"], "SLOWER");
  EXPECT_EQ(ladder[1]["runs"][1]["speed_high"], 2.2);
}

TEST(ReportModel, WhatDoesNotCountForTrendsIsInTheTotalsOnly) {
  SessionSummary abandoned = drill("a", 2, 3, 3);
  abandoned.phase = Phase::kAbandoned;
  SessionSummary running = drill("b", 1, 3, 3);
  running.phase = Phase::kRunning;
  const json model = model_of({abandoned, running, drill("c", 0, 3, 3)});
  EXPECT_EQ(model["totals"],
            json({{"sessions", 3}, {"finished", 1}, {"passed", 1}, {"hours", 1.5}, {"katas", 1}}));
  ASSERT_EQ(model["scores"].size(), 1u);
  EXPECT_EQ(model["scores"][0]["session"], "c");
  EXPECT_EQ(model["first_pass"][0]["times"].size(), 1u);
}

TEST(ReportModel, FirstPassesAreByLevelWithTheirPar) {
  SessionSummary gone = drill("c", 0, 2, 2);
  gone.kata = "no_longer_there";
  const json rows = model_of({drill("a", 3, 2, 2), drill("b", 2, 1, 2), gone})["first_pass"];
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["par_minutes"], 10);
  ASSERT_EQ(rows[0]["times"].size(), 1u) << "b never passed";
  EXPECT_EQ(rows[0]["times"][0]["minutes"], 12.6);
  EXPECT_TRUE(rows[1]["par_minutes"].is_null());
}

TEST(ReportModel, AHeatCellIsTheBestOfItsWeek) {
  const json heat =
      model_of({drill("a", 8, 1, 4), drill("b", 2, 1, 4), drill("c", 2, 3, 4)})["heat"];
  EXPECT_EQ(heat["weeks"], json::array({"2026-11-23", "2026-11-30"}));
  EXPECT_EQ(heat["rows"][0]["cells"],
            json::array({json({{"best", 75.0}, {"sessions", 3}}), nullptr}));
}

TEST(ReportModel, TheHeatMapHoldsHalfAYear) {
  const json heat = model_of({drill("a", 1000, 1, 4), drill("b", 175, 4, 4)})["heat"];
  ASSERT_EQ(heat["weeks"].size(), 26u);
  EXPECT_EQ(heat["weeks"][25], "2026-11-30");
  EXPECT_EQ(heat["rows"][0]["cells"][0]["sessions"], 1);
}

TEST(ReportModel, BehavioursAreRankedByThePointsLostInAll) {
  SessionSummary first = drill("a", 3, 1, 3);
  first.failed = {{1, "Mask", 1, 2, 10.04}, {1, "Scale", 1, 1, 30}};
  SessionSummary second = drill("b", 1, 1, 3);
  second.failed = {{1, "Mask", 2, 2, 25}};
  const json failed = model_of({first, second})["failed"];
  ASSERT_EQ(failed.size(), 2u);
  EXPECT_EQ(failed[0]["behaviour"], "Mask");
  EXPECT_EQ(failed[0]["sessions"], 2);
  EXPECT_EQ(failed[0]["points_lost"], 35.0);
  EXPECT_EQ(failed[0]["last"], "2026-11-30");
  EXPECT_EQ(failed[1]["behaviour"], "Scale");
}

}  // namespace
}  // namespace unaided
