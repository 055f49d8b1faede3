// Spaced repetition by a fixed ladder of intervals, as in Leitner's boxes (S. Leitner, So lernt man
// lernen, 1972), with two changes: a failure goes down one box instead of to the first, and new
// levels are mixed with those that come again. The state of a level follows from its tries alone,
// so there is nothing to store and nothing that can disagree with the sessions.
#include "practice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "fault.h"
#include "format.h"

namespace unaided {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr int kNewInARow = 2;
constexpr int kLastInterval = static_cast<int>(std::size(kIntervalDays)) - 1;
/// In which order to meet katas of as many levels: from plain tensor code to code that also keeps
/// books. What is not named comes after these. docs/METHODOLOGY.md tells why.
constexpr std::string_view kGentlest[] = {
    "attention",       "training_step",        "decoding",        "agent_loop", "beam_search",
    "mixed_precision", "speculative_decoding", "agent_guardrails"};
constexpr char kDrill[] = "drill";
constexpr char kDebug[] = "debug";

constexpr std::array<std::string_view, 5> kReasonIds = {"failed", "new", "due", "nothing_due",
                                                        "sitting"};

int par_minutes(const Kata& kata, int level) {
  return kata.levels.at(static_cast<std::size_t>(level - 1)).par_minutes;
}

std::ptrdiff_t place_of(const std::string& kata) {
  return std::find(std::begin(kGentlest), std::end(kGentlest), kata) - std::begin(kGentlest);
}

const Kata& kata_of(const std::vector<Kata>& katas, const std::string& id) {
  for (const Kata& kata : katas) {
    if (kata.id == id) return kata;
  }
  throw Fault("there is no kata " + id);
}

LevelStanding standing_of(const Kata& kata, int level, const std::vector<LevelTry>& tries) {
  LevelStanding standing{kata.id, level, 0, false, 0, 0, ""};
  int step = -1;
  for (const LevelTry& one : tries) {
    if (one.kata != kata.id || one.level != level) continue;
    const bool in_par = one.pass_ms && *one.pass_ms <= par_minutes(kata, level) * kMinuteMs;
    const int move = !one.passed ? -1 : in_par ? 1 : 0;
    step = std::clamp(step + move, 0, kLastInterval);
    ++standing.tries;
    standing.passed = one.passed;
    standing.last = one.day;
    standing.behaviour = one.behaviour;
  }
  if (standing.tries > 0) standing.interval_days = kIntervalDays[step];
  return standing;
}

/// How many of the last tries were of levels never tried before.
int new_in_a_row(const std::vector<LevelTry>& tries) {
  int count = 0;
  for (auto last = tries.rbegin(); last != tries.rend(); ++last, ++count) {
    const bool again = std::any_of(last + 1, tries.rend(), [&](const LevelTry& earlier) {
      return earlier.kata == last->kata && earlier.level == last->level;
    });
    if (again) break;
  }
  return count;
}

Choice choice_of(const std::vector<Kata>& katas, const LevelStanding& standing, const char* format,
                 Reason reason) {
  const Kata& kata = kata_of(katas, standing.kata);
  const std::int64_t ms = allowed_ms(format_row(format), kata, standing.level, standing.level);
  return {kata.id, standing.level, format, static_cast<int>(ms / kMinuteMs), reason, standing};
}

/// The one with the smallest key among those that are `meant`; null when there is none.
template <typename Meant, typename Key>
const LevelStanding* first_of(const std::vector<LevelStanding>& standings, Meant meant, Key key) {
  const LevelStanding* best = nullptr;
  for (const LevelStanding& one : standings) {
    if (meant(one) && (best == nullptr || key(one) < key(*best))) best = &one;
  }
  return best;
}

}  // namespace

std::vector<LevelTry> level_tries(const std::vector<SessionSummary>& sessions) {
  std::vector<LevelTry> tries;
  for (const SessionSummary& session : sessions) {
    if (!counts_for_trends(session)) continue;
    for (const LevelSummary& level : session.levels) {
      LevelTry one{
          session.id,        session.kata,        level.level, local_day(session.began_utc_ms),
          level.is_passed(), level.first_pass_ms, ""};
      for (const FailedBehaviour& failed : session.failed) {
        if (failed.level == level.level && one.behaviour.empty()) one.behaviour = failed.behaviour;
      }
      tries.push_back(std::move(one));
    }
  }
  return tries;
}

std::set<int> passed_levels(const std::vector<SessionSummary>& sessions, const std::string& kata) {
  std::set<int> levels;
  for (const SessionSummary& session : sessions) {
    const bool proof = session.is_passed() && is_proof(format_row(session.format));
    if (session.kata == kata && proof) levels.insert(session.first_level);
  }
  return levels;
}

int next_level(const std::vector<SessionSummary>& sessions, const Kata& kata) {
  const std::set<int> done = passed_levels(sessions, kata.id);
  for (const Level& level : kata.levels) {
    if (!done.contains(level.number)) return level.number;
  }
  return 1;
}

std::vector<LevelStanding> level_standings(const std::vector<Kata>& katas,
                                           const std::vector<LevelTry>& tries) {
  std::vector<LevelStanding> standings;
  for (const Kata& kata : katas) {
    for (const Level& level : kata.levels) {
      standings.push_back(standing_of(kata, level.number, tries));
    }
  }
  return standings;
}

std::string_view reason_id(Reason reason) {
  return kReasonIds[static_cast<std::size_t>(reason)];
}

std::string Choice::command() const {
  const std::string which = level == 0 ? "" : fmt::format(" --level {}", level);
  return fmt::format("start {} --format {}{}", kata, format, which);
}

std::string Choice::title() const {
  return level == 0 ? kata + ", all levels" : fmt::format("{}, level {}", kata, level);
}

Choice choose_practice(const std::vector<Kata>& katas, const std::vector<LevelTry>& tries,
                       Day today) {
  const std::vector<LevelStanding> standings = level_standings(katas, tries);
  const auto is_due = [today](const LevelStanding& one) {
    return one.tries > 0 && one.due() <= today;
  };
  const LevelStanding* failed = first_of(
      standings, [&](const auto& one) { return is_due(one) && !one.passed; },
      [](const auto& one) { return -one.last; });
  const LevelStanding* due = first_of(standings, is_due, [today](const auto& one) {
    return static_cast<double>(one.last - today) / one.interval_days;  // the most overdue first
  });
  const LevelStanding* fresh = first_of(
      standings, [](const auto& one) { return one.tries == 0; },
      [&katas](const auto& one) {
        return std::tuple(-kata_of(katas, one.kata).level_count(), one.level, place_of(one.kata));
      });
  const bool day_begun = !tries.empty() && tries.back().day == today;
  if (failed != nullptr && !day_begun) return choice_of(katas, *failed, kDrill, Reason::kFailed);
  const LevelStanding* again = failed != nullptr ? failed : due;
  const bool mix = new_in_a_row(tries) < kNewInARow || again == nullptr;
  if (fresh != nullptr && mix) return choice_of(katas, *fresh, kDrill, Reason::kNew);
  if (again != nullptr) {
    return choice_of(katas, *again, kDrill, again->passed ? Reason::kDue : Reason::kFailed);
  }
  const LevelStanding* oldest = first_of(
      standings, [](const auto&) { return true; }, [](const auto& one) { return one.last; });
  if (oldest == nullptr) throw Fault("there is no kata to practise");
  return choice_of(katas, *oldest, kDebug, Reason::kNothing);
}

std::string reason_text(const Choice& choice, Day today) {
  const LevelStanding& standing = choice.standing;
  const std::string behaviour =
      standing.behaviour.empty() ? "" : fmt::format(": {} failed", standing.behaviour);
  switch (choice.reason) {
    case Reason::kFailed:
      return fmt::format("it was not passed {}{}", past_day_text(standing.last, today), behaviour);
    case Reason::kNew:
      return "it was never tried";
    case Reason::kDue:
      return fmt::format("it was passed {} and comes again after {} day{}",
                         past_day_text(standing.last, today), standing.interval_days,
                         standing.interval_days == 1 ? "" : "s");
    case Reason::kNothing:
      return "nothing is due today, so a bug is planted in a solution that you know";
    case Reason::kSitting:
      return "all of its levels in one sitting, as on the day";
  }
  return "";
}

Choice drill_of(const Kata& kata, int level) {
  return choice_of({kata}, {kata.id, level, 0, false, 0, 0, ""}, kDrill, Reason::kFailed);
}

}  // namespace unaided
