#pragma once

#include <string>

#include "kata.h"

namespace unaided {

/// Levels `first` to `last` of a kata, 1-based, both included.
struct LevelSpan {
  int first = 1;
  int last = 1;

  bool operator==(const LevelSpan&) const = default;
};

/// "2" or "1-3"; "" is all of the kata's levels. Throws Fault when `text` is something else or asks
/// for levels that the kata has not.
LevelSpan parse_level_span(const std::string& text, const Kata& kata);

}  // namespace unaided
