#include "practice.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "fault.h"
#include "plan.h"
#include "progress.h"

namespace unaided {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr Day kMonday = 20'780;
constexpr int kADay = 3;

std::vector<Kata> real_katas() {
  std::vector<Kata> katas;
  for (const std::string& id : kata_ids(UNAIDED_ROOT)) katas.push_back(load_kata(UNAIDED_ROOT, id));
  return katas;
}

Kata kata(const std::string& id, int levels) {
  Kata made;
  made.id = id;
  for (int level = 1; level <= levels; ++level) made.levels.push_back({level, "", 10});
  return made;
}

LevelTry passed(const std::string& id, int level, Day day, int minutes) {
  return {"s", id, level, day, true, minutes * kMinuteMs, ""};
}
LevelTry failed(const std::string& id, int level, Day day) {
  return {"s", id, level, day, false, std::nullopt, "CausalMask"};
}

TEST(Practice, IntervalsGrowOnAPassInParStayOnASlowOneAndShrinkOnAFailure) {
  const std::vector<Kata> katas = {kata("attention", 1)};
  std::vector<LevelTry> tries;
  const auto interval = [&] { return level_standings(katas, tries)[0].interval_days; };
  std::vector<int> seen;
  for (int i = 0; i < 6; ++i) {
    tries.push_back(passed("attention", 1, kMonday, 10));
    seen.push_back(interval());
  }
  EXPECT_EQ(seen, (std::vector<int>{1, 3, 7, 14, 30, 30}));
  tries.push_back(passed("attention", 1, kMonday, 11));
  EXPECT_EQ(interval(), 30) << "over par";
  tries.push_back(failed("attention", 1, kMonday));
  EXPECT_EQ(interval(), 14);
  for (int i = 0; i < 5; ++i) tries.push_back(failed("attention", 1, kMonday));
  EXPECT_EQ(interval(), 1);
}

TEST(Practice, BeginsWithTheLowestLevelOfTheLongestKata) {
  const std::vector<Kata> katas = {kata("beam_search", 2), kata("attention", 4),
                                   kata("decoding", 4)};
  std::vector<LevelTry> tries;
  EXPECT_EQ(choose_practice(katas, tries, kMonday).command(),
            "start attention --format drill --level 1");
  tries.push_back(passed("attention", 1, kMonday, 5));
  EXPECT_EQ(choose_practice(katas, tries, kMonday).kata, "decoding") << "breadth first";
}

TEST(Practice, BeginsGently) {
  std::vector<Kata> katas = real_katas();
  katas.push_back(kata("a_new_one", 4));
  std::vector<LevelTry> tries;
  std::vector<std::string> met;
  for (int i = 0; i < 5; ++i) {
    const Choice choice = choose_practice(katas, tries, kMonday);
    met.push_back(choice.kata);
    tries.push_back(passed(choice.kata, choice.level, kMonday, 5));
  }
  EXPECT_EQ(met, (std::vector<std::string>{"attention", "training_step", "decoding", "agent_loop",
                                           "a_new_one"}));
}

TEST(Practice, TheNextLevelIsTheFirstThatNoDrillHasPassed) {
  const Kata attention = kata("attention", 3);
  std::vector<SessionSummary> sessions;
  const auto finish = [&sessions](int level, Outcome outcome, const char* format) {
    SessionSummary session;
    session.kata = "attention";
    session.format = format;
    session.phase = Phase::kFinished;
    session.outcome = outcome;
    session.first_level = session.last_level = level;
    sessions.push_back(session);
  };
  EXPECT_EQ(next_level(sessions, attention), 1);
  finish(1, Outcome::kPassed, "drill");
  finish(2, Outcome::kWrong, "drill");
  finish(2, Outcome::kPassed, "debug");
  EXPECT_EQ(next_level(sessions, attention), 2);
  finish(2, Outcome::kPassed, "drill");
  finish(3, Outcome::kPassed, "drill");
  EXPECT_EQ(next_level(sessions, attention), 1) << "all passed: from the start";
  EXPECT_EQ(passed_levels(sessions, "attention"), (std::set<int>{1, 2, 3}));
  EXPECT_TRUE(passed_levels(sessions, "other").empty());
}

TEST(Practice, TheDayBeginsWithWhatFailedLast) {
  const std::vector<Kata> katas = {kata("attention", 4), kata("decoding", 4)};
  const std::vector<LevelTry> tries = {failed("decoding", 1, kMonday),
                                       failed("attention", 1, kMonday)};
  const Choice same_day = choose_practice(katas, tries, kMonday);
  EXPECT_EQ(same_day.reason, Reason::kNew) << "nothing comes twice on one day";
  const Choice choice = choose_practice(katas, tries, kMonday + 1);
  EXPECT_EQ(choice.reason, Reason::kFailed);
  EXPECT_EQ(choice.standing.behaviour, "CausalMask");
  EXPECT_EQ(reason_text(choice, kMonday + 1), "it was not passed yesterday: CausalMask failed");
}

TEST(Practice, WhereNothingIsDueABugIsPlantedInAKnownSolution) {
  const std::vector<Kata> katas = {kata("attention", 1)};
  const Choice choice = choose_practice(katas, {passed("attention", 1, kMonday, 5)}, kMonday);
  EXPECT_EQ(choice.format, "debug");
  EXPECT_EQ(choice.reason, Reason::kNothing);
}

TEST(Practice, OnlyFinishedSolvedSessionsAreTries) {
  SessionSummary session;
  session.kata = "attention";
  session.format = "drill";
  session.levels = {{.level = 1, .passed = 2, .checks = 2, .first_pass_ms = 7}};
  session.phase = Phase::kAbandoned;
  EXPECT_TRUE(level_tries({session}).empty());
  session.phase = Phase::kFinished;
  ASSERT_EQ(level_tries({session}).size(), 1u);
  EXPECT_TRUE(level_tries({session})[0].passed);
  session.format = "debug";
  EXPECT_TRUE(level_tries({session}).empty());
}

/// Three weeks, three sittings a day, of somebody who fails every fourth one and is slow in others.
std::vector<LevelTry> three_weeks(const std::vector<Kata>& katas, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<LevelTry> tries;
  std::map<std::pair<std::string, int>, LevelStanding> before;
  for (Day day = kMonday; day < kMonday + 21; ++day) {
    for (int i = 0; i < kADay; ++i) {
      const Choice choice = choose_practice(katas, tries, day);
      if (choice.reason == Reason::kNothing) continue;
      for (const LevelStanding& one : level_standings(katas, tries)) {
        if (one.kata != choice.kata || one.level != choice.level || one.tries == 0) continue;
        EXPECT_LE(one.last + one.interval_days, day) << one.kata << one.level << " came too early";
      }
      const bool fails = random() % 4 == 0;
      tries.push_back(fails ? failed(choice.kata, choice.level, day)
                            : passed(choice.kata, choice.level, day, random() % 2 == 0 ? 5 : 60));
    }
  }
  return tries;
}

TEST(Practice, InThreeWeeksNoLevelComesTooEarlyAndTheMainKatasAreCoveredByDayEight) {
  const std::vector<Kata> katas = real_katas();
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::set<std::pair<std::string, int>> seen;
    for (const LevelTry& one : three_weeks(katas, seed)) {
      if (one.day < kMonday + 8) seen.emplace(one.kata, one.level);
    }
    for (const char* id : {"attention", "decoding", "training_step", "agent_loop"}) {
      for (int level = 1; level <= 4; ++level) {
        EXPECT_TRUE(seen.contains({id, level})) << id << level << " seed " << seed;
      }
    }
  }
}

TEST(Plan, SpreadsTheKatasAndNarrowsNearTheDay) {
  const auto plan = plan_until(real_katas(), {}, kMonday, kMonday + 24, "assessment", 2);
  ASSERT_EQ(plan.size(), 24u);
  EXPECT_TRUE(plan.back().sittings.empty()) << "the day before is free";
  std::set<std::pair<std::string, int>> drilled;
  std::set<std::string> whole;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    EXPECT_EQ(plan[i].day, kMonday + static_cast<Day>(i));
    for (const Choice& choice : plan[i].sittings) {
      if (choice.level == 0) whole.insert(choice.kata);
      if (choice.format == "drill") drilled.emplace(choice.kata, choice.level);
      EXPECT_EQ(choice.level == 0, choice.format == "assessment");
      if (i >= 16 && choice.level != 0) {
        EXPECT_EQ(load_kata(UNAIDED_ROOT, choice.kata).level_count(), 4) << "narrow";
      }
    }
    if (i < 15) EXPECT_EQ(plan[i].sittings.size(), 2u);
  }
  EXPECT_GE(drilled.size(), 16u);
  EXPECT_GE(whole.size(), 3u);
}

TEST(Plan, RefusesWhatCannotBePlanned) {
  const auto katas = real_katas();
  EXPECT_THROW(plan_until(katas, {}, kMonday, kMonday, "assessment", 2), Fault);
  EXPECT_THROW(plan_until(katas, {}, kMonday, kMonday + 400, "assessment", 2), Fault);
  EXPECT_THROW(plan_until(katas, {}, kMonday, kMonday + 9, "drill", 2), Fault);
  EXPECT_THROW(plan_until({kata("small", 2)}, {}, kMonday, kMonday + 9, "assessment", 2), Fault);
  EXPECT_EQ(plan_until(katas, {}, kMonday, kMonday + 1, "interview", 2).size(), 1u);
}

TEST(Progress, HasBestLastMedianAndTrend) {
  const std::vector<Kata> katas = {kata("attention", 1)};
  const std::vector<LevelTry> tries = {
      passed("attention", 1, kMonday, 20), failed("attention", 1, kMonday + 1),
      passed("attention", 1, kMonday + 2, 10), passed("attention", 1, kMonday + 5, 12)};
  const LevelProgress level = level_progress(katas, tries).at(0);
  EXPECT_EQ(level.passes, 3);
  EXPECT_EQ(level.best_ms, 10 * kMinuteMs);
  EXPECT_EQ(level.last_ms, 12 * kMinuteMs);
  EXPECT_EQ(level.median_ms, 12 * kMinuteMs);
  EXPECT_EQ(level.trend_ms, -3 * kMinuteMs) << "against the median of 20 and 10";
  Terminal terminal;
  EXPECT_EQ(sparkline(level.pass_ms, 8, terminal), "#x-=");
  terminal.utf8 = true;
  EXPECT_EQ(sparkline(level.pass_ms, 2, terminal), "▄▅");
  const std::string text = render_progress({level}, kMonday + 5, Terminal{});
  EXPECT_NE(text.find("3 of 4"), std::string::npos) << text;
  EXPECT_NE(text.find("-3:00"), std::string::npos) << text;
}

TEST(Progress, ALevelNeverTriedHasNoFigures) {
  const LevelProgress level = level_progress({kata("attention", 1)}, {}).at(0);
  EXPECT_FALSE(level.best_ms);
  EXPECT_TRUE(progress_to_json({level}).at("levels")[0].at("median_ms").is_null());
  EXPECT_NE(render_progress({level}, kMonday, Terminal{}).find("never tried"), std::string::npos);
}

}  // namespace
}  // namespace unaided
