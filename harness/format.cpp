#include "format.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string>

#include "fault.h"

namespace unaided {
namespace {

constexpr std::array<FormatRow, 2> kFormats = {{
    {.id = "drill",
     .summary = "one level, those below it given; every failed check shows its message",
     .one_level = true,
     .minutes = 0,
     .par_factor = 1.5,
     .on_save = Reveal::kMessages,
     .on_submit = Reveal::kMessages,
     .shows_output = true,
     .passing_ends = true,
     .plants_bugs = false,
     .proves_levels = true},
    {.id = "debug",
     .summary = "a solution with a bug in it: find it and mend it, seeing only the examples",
     .one_level = true,
     .minutes = 15,
     .par_factor = 0,
     .on_save = Reveal::kExamples,
     .on_submit = Reveal::kNames,
     .shows_output = false,
     .passing_ends = true,
     .plants_bugs = true,
     .proves_levels = false},
}};

}  // namespace

std::span<const FormatRow> format_rows() {
  return kFormats;
}

const FormatRow& format_row(std::string_view id) {
  std::string known;
  for (const FormatRow& row : kFormats) {
    if (row.id == id) return row;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", row.id);
  }
  throw Fault(fmt::format("there is no format '{}'; there are {}", id, known));
}

std::int64_t allowed_ms(const FormatRow& format, const Kata& kata, int first_level,
                        int last_level) {
  if (format.minutes > 0) return std::int64_t{format.minutes} * 60'000;
  int par_minutes = 0;
  for (const Level& level : kata.levels) {
    if (level.number >= first_level && level.number <= last_level) par_minutes += level.par_minutes;
  }
  return std::llround(par_minutes * format.par_factor * 60'000);
}

}  // namespace unaided
