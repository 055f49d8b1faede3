#pragma once

#include <string>
#include <vector>

#include "practice.h"

namespace unaided {

/// What is to be practised on one day.
struct PlannedDay {
  Day day = 0;
  std::vector<Choice> sittings;  // none on the day before the interview
};

/// The farthest interview that is planned for.
inline constexpr int kPlanDaysMax = 120;

/// The days from `today` to the one before `interview`, `a_day` sittings each. First as
/// choose_practice() has it, as though each were passed within par; in the last days only what is
/// weak among the katas that `format` can be about, every second day begun by a whole kata in that
/// format, the weakest first; the last day is free. Pure. Throws Fault for a day that is past or
/// more than kPlanDaysMax away, and when no kata fits the format.
std::vector<PlannedDay> plan_until(const std::vector<Kata>& katas, std::vector<LevelTry> tries,
                                   Day today, Day interview, const std::string& format, int a_day);

}  // namespace unaided
