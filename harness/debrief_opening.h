#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "practice.h"
#include "summary.h"

namespace unaided {

/// How a behaviour went from save to save.
struct BehaviourFate {
  bool ever_passed = false;
  /// The first snapshot that failed it since it last passed, and when that was saved, since the
  /// session began. Empty where the last verdict passed it, or none judged it.
  std::string failed_since;
  std::int64_t failed_since_ms = 0;
};

/// Pure but for `read`.
BehaviourFate fate_of(const Session& session, const FailedBehaviour& behaviour,
                      const ReadReport& read);

/// The one sentence that a debrief opens with: the failed behaviour that lost most, since which
/// save, and what to drill tomorrow.
std::string opening_sentence(const Session& session, const SessionSummary& summary,
                             const Choice& tomorrow, const ReadReport& read);

/// A line a level: the time to its first pass beside its par and the last time it was passed, in
/// one of the sessions `before`. Empty where no level was begun.
std::string level_times_text(const SessionSummary& summary, const Kata& kata,
                             const std::vector<SessionSummary>& before);

/// One line: what was asked for, the longest time without a save, hints.
std::string habits_text(const SessionSummary& summary);

}  // namespace unaided
