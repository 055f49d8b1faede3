#pragma once

// What the statement says of loops, written down in another way than a solution would: turns are
// words, and a loop is a word repeated.

#include <cstddef>
#include <string>
#include <vector>

#include "level1.h"

namespace oracle {

/// One turn as two texts: what was asked for, and that with what came of it.
struct Turn {
  std::string asked;
  std::string whole;
};

inline std::string asked(const std::vector<kata::ToolCall>& calls) {
  std::string text;
  for (const kata::ToolCall& call : calls) {
    const kata::json pair = {call.name, kata::json::parse(call.arguments)};
    text += pair.dump() + "\n";
  }
  return text;
}

/// All rounds but the first equal the first, for some length of a round; then the reply is held
/// against the first turn of the round, not against the one p back (they are alike).
inline bool stopped(const std::vector<Turn>& turns, const std::string& asks,
                    const kata::Thresholds& thresholds) {
  for (std::size_t p = 1; p <= turns.size() && static_cast<long>(p) <= thresholds.max_period; ++p) {
    if (turns.size() / p < static_cast<std::size_t>(thresholds.repeats)) continue;
    const std::size_t begin = turns.size() - p * static_cast<std::size_t>(thresholds.repeats);
    bool rounds = true;
    for (std::size_t start = begin + p; start < turns.size(); start += p) {
      for (std::size_t i = 0; i < p; ++i) {
        rounds = rounds && turns[start + i].whole == turns[begin + i].whole;
      }
    }
    if (rounds && turns[begin].asked == asks) return true;
  }
  return false;
}

}  // namespace oracle
