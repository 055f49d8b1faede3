#include "plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "fault.h"
#include "format.h"

namespace unaided {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
/// The part of the time before the interview that is narrow, and its bounds in days.
constexpr int kNarrowShare = 3;
constexpr int kNarrowDaysMin = 2;
constexpr int kNarrowDaysMax = 7;

int narrow_days(Day days) {
  return std::clamp(static_cast<int>(days / kNarrowShare), kNarrowDaysMin, kNarrowDaysMax);
}

/// As though the sitting had gone well.
void suppose_passed(const Choice& choice, const Kata& kata, Day day, std::vector<LevelTry>& tries) {
  if (format_row(choice.format).plants_bugs) return;
  for (const Level& level : kata.levels) {
    if (choice.level != 0 && choice.level != level.number) continue;
    tries.push_back({"", kata.id, level.number, day, true, level.par_minutes * kMinuteMs, ""});
  }
}

std::vector<Kata> fitting(const std::vector<Kata>& katas, const FormatRow& format) {
  std::vector<Kata> fit;
  for (const Kata& kata : katas) {
    if (kata.level_count() >= format.levels_min) fit.push_back(kata);
  }
  if (fit.empty()) throw Fault(fmt::format("no kata has enough levels for {}", format.id));
  return fit;
}

/// How far a kata is from being known: levels never tried weigh most, then those that failed.
int weakness(const Kata& kata, const std::vector<LevelTry>& tries) {
  int sum = 0;
  for (const LevelStanding& one : level_standings({kata}, tries)) {
    sum += one.tries == 0 ? 3 : !one.passed ? 2 : one.interval_days == kIntervalDays[0] ? 1 : 0;
  }
  return sum;
}

class Planner {
 public:
  Planner(std::vector<Kata> katas, std::vector<LevelTry> tries, const FormatRow& format)
      : katas_(std::move(katas)),
        narrow_(fitting(katas_, format)),
        tries_(std::move(tries)),
        format_(format) {}

  PlannedDay broad_day(Day day, int a_day) {
    PlannedDay planned{day, {}};
    for (int i = 0; i < a_day; ++i) add(planned, choose_practice(katas_, tries_, day));
    return planned;
  }

  PlannedDay narrow_day(Day day, int a_day, bool whole) {
    PlannedDay planned{day, {}};
    if (whole) add(planned, sitting());
    while (static_cast<int>(planned.sittings.size()) < a_day) {
      add(planned, choose_practice(narrow_, tries_, day));
    }
    return planned;
  }

 private:
  void add(PlannedDay& planned, const Choice& choice) {
    for (const Kata& kata : katas_) {
      if (kata.id == choice.kata) suppose_passed(choice, kata, planned.day, tries_);
    }
    planned.sittings.push_back(choice);
  }

  /// The kata with the fewest whole sittings so far, the weakest of them.
  Choice sitting() {
    const Kata* best = nullptr;
    for (const Kata& kata : narrow_) {
      const auto key = [this](const Kata& one) {
        return std::pair(sat_[one.id], -weakness(one, tries_));
      };
      if (best == nullptr || key(kata) < key(*best)) best = &kata;
    }
    ++sat_[best->id];
    const std::int64_t ms = allowed_ms(format_, *best, 1, best->level_count());
    return {best->id,         0, std::string(format_.id), static_cast<int>(ms / kMinuteMs),
            Reason::kSitting, {}};
  }

  std::vector<Kata> katas_;
  std::vector<Kata> narrow_;
  std::vector<LevelTry> tries_;
  std::map<std::string, int> sat_;
  const FormatRow& format_;
};

}  // namespace

std::vector<PlannedDay> plan_until(const std::vector<Kata>& katas, std::vector<LevelTry> tries,
                                   Day today, Day interview, const std::string& format, int a_day) {
  const Day days = interview - today;
  if (days < 1) throw Fault(day_text(interview) + " is not after today: there is nothing to plan");
  if (days > kPlanDaysMax) {
    throw Fault(fmt::format("{} is {} days away: plans reach {}; practise by `next` until then",
                            day_text(interview), days, kPlanDaysMax));
  }
  const FormatRow& row = format_row(format);
  if (row.levels == LevelRule::kOne) {
    throw Fault(fmt::format("no interview is a {}: choose a format with all levels", format));
  }
  Planner planner(katas, std::move(tries), row);
  std::vector<PlannedDay> plan;
  const Day narrow_from = interview - 1 - narrow_days(days);
  for (Day day = today; day < interview - 1; ++day) {
    const bool whole = (interview - day) % 2 == 0;
    plan.push_back(day < narrow_from ? planner.broad_day(day, a_day)
                                     : planner.narrow_day(day, a_day, whole));
  }
  plan.push_back({interview - 1, {}});
  return plan;
}

}  // namespace unaided
