#include "format.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string>

#include "fault.h"

namespace unaided {
namespace {

constexpr std::array<int, 4> kNotScored = {};

constexpr std::array<FormatRow, 4> kFormats = {{
    {.id = "drill",
     .summary = "one level, those below it given; every failed check shows its message",
     .levels = LevelRule::kOne,
     .levels_min = 1,
     .minutes = 0,
     .par_factor = 1.5,
     .on_save = Reveal::kMessages,
     .on_submit = Reveal::kMessages,
     .shows_output = true,
     .passing_ends = true,
     .plants_bugs = false,
     .gives_hints = true,
     .asks_follow_ups = false,
     .points = kNotScored,
     .bar = 0},
    {.id = "debug",
     .summary = "a solution with a bug in it, to be found seeing only the examples; 15 minutes",
     .levels = LevelRule::kOne,
     .levels_min = 1,
     .minutes = 15,
     .par_factor = 0,
     .on_save = Reveal::kExamples,
     .on_submit = Reveal::kNames,
     .shows_output = false,
     .passing_ends = true,
     .plants_bugs = true,
     .gives_hints = false,
     .asks_follow_ups = false,
     .points = kNotScored,
     .bar = 0},
    {.id = "interview",
     .summary = "all levels in order, seeing only the examples; 45 minutes, then three questions",
     .levels = LevelRule::kInOrder,
     .levels_min = 1,
     .minutes = 45,
     .par_factor = 0,
     .on_save = Reveal::kExamples,
     .on_submit = Reveal::kCounts,
     .shows_output = false,
     .passing_ends = false,
     .plants_bugs = false,
     .gives_hints = false,
     .asks_follow_ups = true,
     .points = kNotScored,
     .bar = 0},
    {.id = "assessment",
     .summary = "four levels, each unlocked by the examples of the one before; 90 minutes, scored",
     .levels = LevelRule::kUnlocked,
     .levels_min = 4,
     .minutes = 90,
     .par_factor = 0,
     .on_save = Reveal::kNames,
     .on_submit = Reveal::kNames,
     .shows_output = false,
     .passing_ends = false,
     .plants_bugs = false,
     .gives_hints = false,
     .asks_follow_ups = false,
     .points = {100, 150, 150, 200},
     .bar = 520},
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

bool is_proof(const FormatRow& format) {
  return format.levels == LevelRule::kOne && !format.plants_bugs;
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
