#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "kata.h"
#include "verdict.h"

namespace unaided {

/// Which levels a session is about.
enum class LevelRule {
  kOne,       // one; those below it are given, solved
  kInOrder,   // all, judged up to the highest whose declarations the attempt defines
  kUnlocked,  // as kInOrder, but a level is shown and judged once it is unlocked
};

/// The rules of one format. Formats differ in this table, never in branches.
struct FormatRow {
  std::string_view id;
  std::string_view summary;
  LevelRule levels;
  int levels_min;     // a kata with fewer has no session of this format
  int minutes;        // time allowed; 0: by par_factor
  double par_factor;  // time allowed: the sum of the levels' pars times this
  Reveal on_save;     // what a save or a check tells
  Reveal on_submit;   // what a submit tells while the session goes on
  bool shows_output;  // the attempt's own output, for hidden checks too
  bool passing_ends;  // a submit that passes everything is the end of the session
  bool plants_bugs;   // the attempt begins as the reference with bugs in it
  bool gives_hints;
  bool asks_follow_ups;       // an interviewer's questions, once the session is over
  std::array<int, 4> points;  // that the levels are worth; all 0 where nothing is scored
  int bar;                    // points that are aimed at
};

/// A format with a level of its choice, whose passing counts as having passed that level.
bool is_proof(const FormatRow& format);

std::span<const FormatRow> format_rows();
/// Throws Fault for an unknown format, naming the known ones.
const FormatRow& format_row(std::string_view id);

/// The time that `format` allows for these levels of `kata`.
std::int64_t allowed_ms(const FormatRow& format, const Kata& kata, int first_level, int last_level);

}  // namespace unaided
