#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "calendar.h"
#include "kata.h"
#include "summary.h"

namespace unaided {

/// One level as one session left it.
struct LevelTry {
  std::string session;
  std::string kata;
  int level = 0;
  Day day = 0;
  bool passed = false;
  std::optional<std::int64_t> pass_ms;  // to the first save that passed, from the level's beginning
  std::string behaviour;                // that lost most, where the level was not passed

  bool operator==(const LevelTry&) const = default;
};

/// The levels that finished, solved sessions came to, the oldest first. `sessions` as History gives
/// them; abandoned sessions and hunts for bugs do not count.
std::vector<LevelTry> level_tries(const std::vector<SessionSummary>& sessions);

/// The days after which a level comes again. See docs/METHODOLOGY.md.
inline constexpr int kIntervalDays[] = {1, 3, 7, 14, 30};

/// What the tries of one level add up to.
struct LevelStanding {
  std::string kata;
  int level = 0;
  int tries = 0;
  bool passed = false;  // the last time
  Day last = 0;
  int interval_days = 0;
  std::string behaviour;  // that failed the last time

  Day due() const { return last + interval_days; }
};

/// The levels of `kata` that finished sessions of one level passed.
std::set<int> passed_levels(const std::vector<SessionSummary>& sessions, const std::string& kata);

/// The first level of `kata` not yet passed; the first of all when every one is.
int next_level(const std::vector<SessionSummary>& sessions, const Kata& kata);

/// One for each level of `katas`, in their order. A pass within par takes the next longer interval,
/// a slower pass keeps it, a failure takes the next shorter one.
std::vector<LevelStanding> level_standings(const std::vector<Kata>& katas,
                                           const std::vector<LevelTry>& tries);

/// Why something is to be practised.
enum class Reason {
  kFailed,   // the last time, and its interval is over
  kNew,      // never tried
  kDue,      // its interval is over
  kNothing,  // nothing is due: a hunt for bugs in a solution known already
  kSitting,  // the whole kata in the interview's format
};
std::string_view reason_id(Reason reason);

/// What to practise: `start <kata> --format <format> [--level <level>]`.
struct Choice {
  std::string kata;
  int level = 0;  // 0: all
  std::string format;
  int minutes = 0;
  Reason reason = Reason::kNew;
  LevelStanding standing;  // of the level; empty for a whole kata

  /// "start attention --format drill --level 2".
  std::string command() const;
  /// "attention, level 2" or "attention, all levels".
  std::string title() const;
};

/// What to practise on `today`. Pure. The day begins with what failed last; after that two levels
/// that were never tried (the lowest of each kata first, the longest katas first, of these the
/// gentlest) come before one that is due again; a level never comes before its interval is over.
/// `katas` is not empty.
Choice choose_practice(const std::vector<Kata>& katas, const std::vector<LevelTry>& tries,
                       Day today);

/// One sentence: why this one, with the failed behaviour behind the choice.
std::string reason_text(const Choice& choice, Day today);

/// The drill of one level, whatever is due.
Choice drill_of(const Kata& kata, int level);

}  // namespace unaided
