#include "report_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "calendar.h"
#include "clock.h"

namespace unaided {
namespace {

using nlohmann::json;

constexpr int kWeeksMax = 26;
constexpr Day kDaysInWeek = 7;
constexpr double kMsInMinute = 60e3;
constexpr double kMsInHour = 3600e3;
constexpr double kMicrosecondsInSecond = 1e6;

/// A level of a kata, in the order of the page.
using LevelKey = std::pair<std::string, int>;

/// One digit after the point: what the page shows.
double rounded(double value) {
  return std::round(value * 10) / 10;
}

std::string day_of(const SessionSummary& session) {
  return day_text(local_day(session.began_utc_ms));
}

/// 1970-01-01, day 0, was a Thursday.
Day monday_of(Day day) {
  return day - (day + 3) % kDaysInWeek;
}

double percent(double part, double whole) {
  return whole > 0 ? rounded(100 * part / whole) : 0;
}

double score_percent(const SessionSummary& session) {
  return session.points_max > 0 ? percent(session.points, session.points_max)
                                : percent(session.passed, session.checks);
}

std::string levels_text(const SessionSummary& session) {
  if (session.first_level == session.last_level) return std::to_string(session.first_level);
  return fmt::format("{}-{}", session.first_level, session.last_level);
}

json totals(std::span<const SessionSummary> sessions) {
  int finished = 0;
  int passed = 0;
  double hours = 0;
  std::set<std::string> katas;
  for (const SessionSummary& session : sessions) {
    finished += session.phase == Phase::kFinished;
    passed += session.is_passed();
    hours += static_cast<double>(session.duration_ms) / kMsInHour;
    katas.insert(session.kata);
  }
  return {{"sessions", sessions.size()},
          {"finished", finished},
          {"passed", passed},
          {"hours", rounded(hours)},
          {"katas", katas.size()}};
}

json scores(std::span<const SessionSummary* const> sessions) {
  json rows = json::array();
  for (const SessionSummary* session : sessions) {
    if (session->checks == 0) continue;
    rows.push_back({{"session", session->id},
                    {"day", day_of(*session)},
                    {"kata", session->kata},
                    {"levels", levels_text(*session)},
                    {"format", session->format},
                    {"percent", score_percent(*session)},
                    {"seal", session->seal}});
  }
  return rows;
}

json par_minutes(std::span<const Kata> katas, const LevelKey& key) {
  for (const Kata& kata : katas) {
    if (kata.id != key.first || key.second > kata.level_count()) continue;
    return kata.levels[static_cast<std::size_t>(key.second - 1)].par_minutes;
  }
  return nullptr;
}

json first_passes(std::span<const SessionSummary* const> sessions, std::span<const Kata> katas) {
  std::map<LevelKey, json> times;
  for (const SessionSummary* session : sessions) {
    for (const LevelSummary& level : session->levels) {
      if (!level.first_pass_ms) continue;
      json& list = times.try_emplace({session->kata, level.level}, json::array()).first->second;
      list.push_back(
          {{"session", session->id},
           {"day", day_of(*session)},
           {"minutes", rounded(static_cast<double>(*level.first_pass_ms) / kMsInMinute)}});
    }
  }
  json rows = json::array();
  for (auto& [key, list] : times) {
    rows.push_back({{"kata", key.first},
                    {"level", key.second},
                    {"par_minutes", par_minutes(katas, key)},
                    {"times", std::move(list)}});
  }
  return rows;
}

struct HeatCell {
  double best = 0;
  int sessions = 0;
};

json heat_rows(const std::map<LevelKey, std::map<Day, HeatCell>>& levels,
               const std::vector<Day>& weeks) {
  json rows = json::array();
  for (const auto& [key, found] : levels) {
    json cells = json::array();
    for (const Day week : weeks) {
      const auto cell = found.find(week);
      const bool practised = cell != found.end();
      cells.push_back(practised
                          ? json{{"best", cell->second.best}, {"sessions", cell->second.sessions}}
                          : json());
    }
    rows.push_back({{"kata", key.first}, {"level", key.second}, {"cells", std::move(cells)}});
  }
  return rows;
}

/// Every level there is, also those never practised, by week: from the first session's, at most the
/// last half year.
json heat(std::span<const SessionSummary* const> sessions, std::span<const Kata> katas,
          std::int64_t now_utc_ms) {
  std::map<LevelKey, std::map<Day, HeatCell>> levels;
  for (const Kata& kata : katas) {
    for (const Level& level : kata.levels) levels.try_emplace({kata.id, level.number});
  }
  const Day last = monday_of(local_day(now_utc_ms));
  Day first = last;
  for (const SessionSummary* session : sessions) {
    const Day week = monday_of(local_day(session->began_utc_ms));
    first = std::min(first, week);
    for (const LevelSummary& level : session->levels) {
      if (level.checks == 0) continue;
      HeatCell& cell = levels[{session->kata, level.level}][week];
      cell.best = std::max(cell.best, percent(level.passed, level.checks));
      ++cell.sessions;
    }
  }
  first = std::max(first, last - kDaysInWeek * (kWeeksMax - 1));
  std::vector<Day> weeks;
  for (Day week = first; week <= last; week += kDaysInWeek) weeks.push_back(week);
  json names = json::array();
  for (const Day week : weeks) names.push_back(day_text(week));
  return {{"weeks", std::move(names)}, {"rows", heat_rows(levels, weeks)}};
}

/// Three digits: a speed may be 0.012 or 12.3 of LibTorch's.
double three_digits(double value) {
  return std::stod(fmt::format("{:.3g}", value));
}

/// What is compared along time: one problem of one kernel on one machine.
using TrendKey = std::tuple<std::string, std::string, std::string>;  // kernel, machine, problem

json ladder(std::span<const SessionSummary* const> sessions) {
  std::map<TrendKey, json> trends;
  for (const SessionSummary* session : sessions) {
    for (const OwnTime& one : session->ladder) {
      json& runs =
          trends.try_emplace({one.kernel, one.machine, one.problem}, json::array()).first->second;
      runs.push_back({{"session", session->id},
                      {"day", day_of(*session)},
                      {"time_us", three_digits(one.time_s * kMicrosecondsInSecond)},
                      {"speed", three_digits(one.speed)},
                      {"speed_low", three_digits(one.speed_low)},
                      {"speed_high", three_digits(one.speed_high)},
                      {"standing", one.standing}});
    }
  }
  json rows = json::array();
  for (auto& [key, runs] : trends) {
    const auto& [kernel, machine, problem] = key;
    rows.push_back({{"kernel", kernel},
                    {"machine", machine},
                    {"problem", problem},
                    {"runs", std::move(runs)}});
  }
  return rows;
}

json failed(std::span<const SessionSummary* const> sessions) {
  struct Loss {
    int sessions = 0;
    double points = 0;
    std::string last;
  };
  std::map<std::tuple<std::string, int, std::string>, Loss> losses;
  for (const SessionSummary* session : sessions) {
    for (const FailedBehaviour& behaviour : session->failed) {
      Loss& loss = losses[{session->kata, behaviour.level, behaviour.behaviour}];
      ++loss.sessions;
      loss.points += behaviour.points_lost;
      loss.last = day_of(*session);
    }
  }
  json rows = json::array();
  for (const auto& [key, loss] : losses) {
    const auto& [kata, level, behaviour] = key;
    rows.push_back({{"kata", kata},
                    {"level", level},
                    {"behaviour", behaviour},
                    {"sessions", loss.sessions},
                    {"points_lost", rounded(loss.points)},
                    {"last", loss.last}});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const json& a, const json& b) {
    return a.at("points_lost").get<double>() > b.at("points_lost").get<double>();
  });
  return rows;
}

}  // namespace

json report_model(std::span<const SessionSummary> sessions, std::span<const Kata> katas,
                  std::int64_t now_utc_ms) {
  std::vector<const SessionSummary*> counting;
  for (const SessionSummary& session : sessions) {
    if (counts_for_trends(session)) counting.push_back(&session);
  }
  return {{"schema", kReportModelSchema},
          {"made", utc_text(now_utc_ms)},
          {"totals", totals(sessions)},
          {"scores", scores(counting)},
          {"first_pass", first_passes(counting, katas)},
          {"heat", heat(counting, katas, now_utc_ms)},
          {"ladder", ladder(counting)},
          {"failed", failed(counting)}};
}

}  // namespace unaided
