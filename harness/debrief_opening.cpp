#include "debrief_opening.h"

#include <fmt/format.h>

#include <algorithm>

#include "clock.h"
#include "format.h"
#include "sha256.h"

namespace unaided {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

/// Whether `report` judged the behaviour, and with what result.
std::optional<bool> judged(const GradeReport& report, const FailedBehaviour& behaviour) {
  std::optional<bool> passed;
  for (const CheckVerdict& verdict : report.checks) {
    const CheckName& check = verdict.check;
    if (check.level != behaviour.level || check.behaviour != behaviour.behaviour) continue;
    passed = passed.value_or(true) && verdict.outcome == Outcome::kPassed;
  }
  return passed;
}

std::string loss_text(const SessionSummary& summary, const FailedBehaviour& worst) {
  if (summary.points_max == 0) {
    return fmt::format("{:.0f} % of level {}", worst.points_lost, worst.level);
  }
  return fmt::format("{:g} of {} points", worst.points_lost, summary.points_max);
}

std::string fate_text(const BehaviourFate& fate) {
  if (!fate.ever_passed) return "never passed";
  if (fate.failed_since.empty()) return "failed in the verdict that counts";
  return fmt::format("passed until the save at {} ({})", duration_text(fate.failed_since_ms),
                     short_hash(fate.failed_since));
}

std::string what_happened(const Session& session, const SessionSummary& summary,
                          const ReadReport& read) {
  if (summary.phase == Phase::kAbandoned) return "The session was abandoned and does not count";
  if (!summary.failed.empty()) {
    const FailedBehaviour& worst = summary.failed.front();
    return fmt::format("{} of level {} cost most ({}) and {}", worst.behaviour, worst.level,
                       loss_text(summary, worst), fate_text(fate_of(session, worst, read)));
  }
  if (passed(session)) return "Everything passed";
  if (summary.checks > 0) return "All that was judged passed, but not all levels were reached";
  return fmt::format("No check was reached ({})", outcome_row(summary.outcome).label);
}

/// The last time that the level was passed before, and when.
std::string last_time_text(const SessionSummary& summary, int level,
                           const std::vector<SessionSummary>& before) {
  const Day today = local_day(summary.began_utc_ms);
  for (auto earlier = before.rbegin(); earlier != before.rend(); ++earlier) {
    const bool other = earlier->kata != summary.kata || earlier->id == summary.id ||
                       earlier->began_utc_ms > summary.began_utc_ms;
    if (other || !counts_for_trends(*earlier)) continue;
    for (const LevelSummary& one : earlier->levels) {
      if (one.level != level || !one.is_passed() || !one.first_pass_ms) continue;
      return fmt::format("{} {}, ", duration_text(*one.first_pass_ms),
                         past_day_text(local_day(earlier->began_utc_ms), today));
    }
  }
  return "";
}

std::string counted(int count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

BehaviourFate fate_of(const Session& session, const FailedBehaviour& behaviour,
                      const ReadReport& read) {
  BehaviourFate fate;
  for (const VerdictReached& verdict : session.verdicts) {
    if (verdict.tally.total == 0) continue;
    const auto passed = judged(read(verdict.result), behaviour);
    if (!passed) continue;
    fate.ever_passed = fate.ever_passed || *passed;
    if (*passed) fate.failed_since.clear();
    if (*passed || !fate.failed_since.empty()) continue;
    fate.failed_since = verdict.hash;
    fate.failed_since_ms = saved_ms(session, verdict);
  }
  return fate;
}

std::string opening_sentence(const Session& session, const SessionSummary& summary,
                             const Choice& tomorrow, const ReadReport& read) {
  return fmt::format("{}; tomorrow: {}, {} ({} min).", what_happened(session, summary, read),
                     tomorrow.format, tomorrow.title(), tomorrow.minutes);
}

std::string level_times_text(const SessionSummary& summary, const Kata& kata,
                             const std::vector<SessionSummary>& before) {
  std::string text;
  for (const LevelSummary& level : summary.levels) {
    const auto index = static_cast<std::size_t>(level.level - 1);
    if (index >= kata.levels.size()) continue;
    const auto time = [](const std::optional<std::int64_t>& ms, std::string_view none) {
      return ms ? duration_text(*ms) : std::string(none);
    };
    text += fmt::format("  level {}  {}par {}, this time {} (first save {}, first judged {})\n",
                        level.level, last_time_text(summary, level.level, before),
                        duration_text(kata.levels[index].par_minutes * kMinuteMs),
                        time(level.first_pass_ms, "not passed"), time(level.reading_ms, "-"),
                        time(level.first_check_ms, "-"));
  }
  return text.empty() ? "" : "\nTime to the first save that passed:\n" + text;
}

std::string habits_text(const SessionSummary& summary) {
  return fmt::format(
      "  {}, {}, {}, {}; longest without a save: {}\n", counted(summary.saves, "save"),
      counted(summary.check_runs, "run") + " of check", counted(summary.submits, "submit"),
      counted(summary.hints, "hint"), duration_text(summary.longest_gap_ms));
}

}  // namespace unaided
