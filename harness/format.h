#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kata.h"
#include "verdict.h"

namespace unaided {

/// The rules of one format. Formats differ in this table, never in branches.
struct FormatRow {
  std::string_view id;
  std::string_view summary;
  bool one_level;      // one level with those below it given; else all of the kata's
  int minutes;         // time allowed; 0: by par_factor
  double par_factor;   // time allowed: the sum of the levels' pars times this
  Reveal on_save;      // what a save or a check tells
  Reveal on_submit;    // what a submit tells while the session goes on
  bool shows_output;   // the attempt's own output, for hidden checks too
  bool passing_ends;   // a submit that passes everything is the end of the session
  bool plants_bugs;    // the attempt begins as the reference with bugs in it
  bool proves_levels;  // passing it counts as having passed its level
};

std::span<const FormatRow> format_rows();
/// Throws Fault for an unknown format, naming the known ones.
const FormatRow& format_row(std::string_view id);

/// The time that `format` allows for these levels of `kata`.
std::int64_t allowed_ms(const FormatRow& format, const Kata& kata, int first_level, int last_level);

}  // namespace unaided
