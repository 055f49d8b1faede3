#include "summary.h"

#include <algorithm>
#include <map>

#include "format.h"
#include "report_json.h"

namespace unaided {
namespace {

/// The moments of a level, in ms since the session began.
struct LevelTimes {
  std::optional<std::int64_t> first_check_ms;
  std::optional<std::int64_t> first_pass_ms;
};
using LevelTimesByLevel = std::map<int, LevelTimes>;

std::int64_t since_begin(const Session& session, const Moment& moment) {
  return elapsed(session.created.at, moment).ms;
}

void note(LevelTimes& times, std::int64_t ms, bool passed) {
  if (!times.first_check_ms) times.first_check_ms = ms;
  if (passed && !times.first_pass_ms) times.first_pass_ms = ms;
}

/// A session of one level needs no report to say when that was checked and passed.
LevelTimesByLevel level_times(const Session& session, const ReadReport& read) {
  const bool one_level = session.created.first_level == session.created.last_level;
  LevelTimesByLevel times;
  for (const VerdictReached& verdict : session.verdicts) {
    if (verdict.tally.total == 0) continue;
    const std::int64_t ms = saved_ms(session, verdict);
    if (one_level) {
      note(times[session.created.first_level], ms, verdict.tally.outcome == Outcome::kPassed);
      continue;
    }
    const GradeReport report = read(verdict.result);
    for (int level = report.first_level; level <= report.last_level; ++level) {
      note(times[level], ms, report.level_passed(level));
    }
  }
  return times;
}

std::int64_t level_begin(const Session& session, int level, const LevelTimesByLevel& times) {
  if (level == session.created.first_level) return 0;
  for (const Unlocked& unlock : session.unlocks) {
    if (unlock.level == level) return since_begin(session, unlock.at);
  }
  const auto own = times.find(level);
  const auto below = times.find(level - 1);
  const auto checked = own == times.end() ? std::nullopt : own->second.first_check_ms;
  const auto passed = below == times.end() ? std::nullopt : below->second.first_pass_ms;
  if (passed && (!checked || *passed <= *checked)) return *passed;
  return checked.value_or(0);
}

/// Whether the candidate came to `level` at all.
bool is_begun(const Session& session, int level, const LevelTimesByLevel& times) {
  const bool locked = format_row(session.created.format).levels == LevelRule::kUnlocked;
  if (locked) return level <= session.open_level;
  return level == session.created.first_level || times.contains(level);
}

LevelSummary level_summary(const Session& session, int level, const LevelTimesByLevel& times) {
  LevelSummary summary;
  summary.level = level;
  summary.began_ms = level_begin(session, level, times);
  const auto since = [&summary](std::optional<std::int64_t> ms) {
    if (ms) ms = std::max<std::int64_t>(0, *ms - summary.began_ms);
    return ms;
  };
  for (const SnapshotTaken& snapshot : session.snapshots) {
    const std::int64_t ms = since_begin(session, snapshot.at);
    if (ms < summary.began_ms || summary.reading_ms) continue;
    summary.reading_ms = since(ms);
  }
  if (const auto found = times.find(level); found != times.end()) {
    summary.first_check_ms = since(found->second.first_check_ms);
    summary.first_pass_ms = since(found->second.first_pass_ms);
  }
  return summary;
}

void add_counting_report(SessionSummary& summary, const GradeReport& report) {
  const auto& points = format_row(summary.format).points;
  summary.failed = failed_behaviours(report, points);
  for (LevelSummary& level : summary.levels) {
    for (const CheckVerdict& verdict : report.checks) {
      if (verdict.check.level != level.level) continue;
      ++level.checks;
      level.passed += verdict.outcome == Outcome::kPassed ? 1 : 0;
    }
  }
  for (const LevelScore& score : level_scores(report, points)) {
    for (LevelSummary& level : summary.levels) {
      if (level.level != score.level) continue;
      level.points = score.points;
      level.points_max = score.points_max;
    }
  }
}

/// When it ended, at the deadline at the latest: a last save may be judged long after.
std::int64_t end_ms(const Session& session) {
  const std::int64_t ms = since_begin(session, *session.ended_at);
  if (!session.created.deadline) return ms;
  return std::min(ms, since_begin(session, *session.created.deadline));
}

std::int64_t longest_gap_ms(const Session& session) {
  std::int64_t longest_ms = 0;
  std::int64_t before_ms = 0;
  for (const SnapshotTaken& snapshot : session.snapshots) {
    const std::int64_t ms = since_begin(session, snapshot.at);
    longest_ms = std::max(longest_ms, ms - before_ms);
    before_ms = ms;
  }
  if (!session.ended_at) return longest_ms;
  return std::max(longest_ms, end_ms(session) - before_ms);
}

SessionSummary facts(const Session& session) {
  const Created& created = session.created;
  SessionSummary summary;
  summary.id = created.session;
  summary.kata = created.kata;
  summary.format = created.format;
  summary.phase = session.phase;
  summary.first_level = created.first_level;
  summary.last_level = created.last_level;
  summary.began_utc_ms = created.at.utc_ms;
  if (session.ended_at) summary.duration_ms = end_ms(session);
  if (session.finished) summary.outcome = session.finished->outcome;
  for (const int points : format_row(created.format).points) summary.points_max += points;
  summary.sealed = created.sealing.sealed;
  summary.seal = created.sealing.label;
  summary.saves = static_cast<int>(session.snapshots.size());
  summary.submits = static_cast<int>(session.submits.size());
  summary.hints = session.hints;
  summary.longest_gap_ms = longest_gap_ms(session);
  summary.check_runs = static_cast<int>(
      std::count_if(session.verdicts.begin(), session.verdicts.end(),
                    [](const auto& verdict) { return verdict.purpose == Purpose::kCheck; }));
  return summary;
}

}  // namespace

ReadReport results_of(const SessionFolder& folder) {
  return [folder](const std::string& name) { return read_report(folder.result(name)); };
}

SessionSummary summarize(const Session& session, const ReadReport& read) {
  SessionSummary summary = facts(session);
  const LevelTimesByLevel times = level_times(session, read);
  for (int level = summary.first_level; level <= summary.last_level; ++level) {
    if (is_begun(session, level, times)) {
      summary.levels.push_back(level_summary(session, level, times));
    }
  }
  const VerdictReached* counting = counting_verdict(session);
  if (session.phase == Phase::kAbandoned || counting == nullptr) return summary;
  summary.passed = counting->tally.passed;
  summary.checks = counting->tally.total;
  summary.points = counting->points;
  add_counting_report(summary, read(counting->result));
  return summary;
}

std::int64_t saved_ms(const Session& session, const VerdictReached& verdict) {
  const std::int64_t judged_ms = since_begin(session, verdict.at);
  std::int64_t ms = judged_ms;
  for (const SnapshotTaken& snapshot : session.snapshots) {
    const std::int64_t taken_ms = since_begin(session, snapshot.at);
    if (snapshot.hash == verdict.hash && taken_ms <= judged_ms) ms = taken_ms;
  }
  return ms;
}

bool counts_for_trends(const SessionSummary& summary) {
  return summary.phase == Phase::kFinished && !format_row(summary.format).plants_bugs;
}

}  // namespace unaided
