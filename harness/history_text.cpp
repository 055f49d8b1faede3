#include "history_text.h"

#include <fmt/format.h>

#include "calendar.h"
#include "render.h"

namespace unaided {
namespace {

using nlohmann::json;

constexpr int kHistorySchemaOfJson = 1;
constexpr std::string_view kFaint = "2";
constexpr std::string_view kWarning = "33";

json optional_json(const std::optional<std::int64_t>& value) {
  return value ? json(*value) : json(nullptr);
}

json level_to_json(const LevelSummary& level) {
  return {{"level", level.level},
          {"passed", level.passed},
          {"checks", level.checks},
          {"points", level.points},
          {"points_max", level.points_max},
          {"began_ms", level.began_ms},
          {"reading_ms", optional_json(level.reading_ms)},
          {"first_check_ms", optional_json(level.first_check_ms)},
          {"first_pass_ms", optional_json(level.first_pass_ms)}};
}

json failed_to_json(const FailedBehaviour& one) {
  return {{"level", one.level},
          {"behaviour", one.behaviour},
          {"failed", one.failed},
          {"checks", one.checks},
          {"points_lost", one.points_lost}};
}

json own_time_to_json(const OwnTime& one) {
  return {{"kernel", one.kernel},         {"problem", one.problem},  {"machine", one.machine},
          {"time_s", one.time_s},         {"speed", one.speed},      {"speed_low", one.speed_low},
          {"speed_high", one.speed_high}, {"standing", one.standing}};
}

json session_to_json(const SessionSummary& session) {
  json levels = json::array();
  for (const LevelSummary& level : session.levels) levels.push_back(level_to_json(level));
  json failed = json::array();
  for (const FailedBehaviour& one : session.failed) failed.push_back(failed_to_json(one));
  json ladder = json::array();
  for (const OwnTime& one : session.ladder) ladder.push_back(own_time_to_json(one));
  return {{"session", session.id},
          {"kata", session.kata},
          {"format", session.format},
          {"phase", phase_id(session.phase)},
          {"first_level", session.first_level},
          {"last_level", session.last_level},
          {"began", utc_text(session.began_utc_ms)},
          {"duration_ms", session.duration_ms},
          {"outcome", outcome_row(session.outcome).id},
          {"passed", session.passed},
          {"checks", session.checks},
          {"points", session.points},
          {"points_max", session.points_max},
          {"sealed", session.sealed},
          {"seal", session.seal},
          {"saves", session.saves},
          {"check_runs", session.check_runs},
          {"submits", session.submits},
          {"hints", session.hints},
          {"longest_gap_ms", session.longest_gap_ms},
          {"levels", levels},
          {"failed", failed},
          {"ladder", ladder}};
}

std::string state_text(const SessionSummary& session, const Terminal& terminal) {
  if (session.phase == Phase::kRunning) return "under way";
  if (session.phase == Phase::kAbandoned) return "abandoned";
  return fmt::format("{} {}", outcome_symbol(session.outcome, terminal), score_text(session));
}

std::string_view state_colour(const SessionSummary& session) {
  return session.phase == Phase::kFinished ? outcome_row(session.outcome).colour : kFaint;
}

/// Padded by what is seen: a mark takes one column and several bytes.
std::string padded(const std::string& text, std::size_t columns) {
  std::size_t seen = 0;
  for (const char byte : text) seen += (byte & 0xC0) == 0x80 ? 0 : 1;
  return text + std::string(columns > seen ? columns - seen : 0, ' ');
}

std::string line(const SessionSummary& session, const Terminal& terminal) {
  const std::string state = padded(state_text(session, terminal), 22);
  const std::string taken =
      session.phase == Phase::kRunning ? "" : duration_text(session.duration_ms);
  const std::string_view seal_colour = session.sealed ? kFaint : kWarning;
  return fmt::format("{}  {:<24} {:<10}  {} {:>8}  {}\n", local_minute_text(session.began_utc_ms),
                     levels_text(session), session.format,
                     terminal.paint(state_colour(session), state), taken,
                     terminal.paint(seal_colour, session.seal));
}

}  // namespace

std::string render_history(const std::vector<SessionSummary>& sessions, const Terminal& terminal) {
  if (sessions.empty()) return "No session yet.\n";
  std::string text;
  for (const SessionSummary& session : sessions) text += line(session, terminal);
  return text;
}

std::string score_text(const SessionSummary& session) {
  if (session.checks == 0 && session.points_max == 0) {
    return std::string(outcome_row(session.outcome).label);
  }
  if (session.points_max > 0) {
    return fmt::format("{:.0f} of {} points", session.points, session.points_max);
  }
  return fmt::format("{} of {} checks", session.passed, session.checks);
}

std::string levels_text(const SessionSummary& session) {
  const std::string last =
      session.last_level == session.first_level ? "" : fmt::format("-{}", session.last_level);
  return fmt::format("{} {}{}", session.kata, session.first_level, last);
}

nlohmann::json history_to_json(const std::vector<SessionSummary>& sessions) {
  json rows = json::array();
  for (const SessionSummary& session : sessions) rows.push_back(session_to_json(session));
  return {{"schema", kHistorySchemaOfJson}, {"sessions", rows}};
}

}  // namespace unaided
