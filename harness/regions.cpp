#include "regions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "fault.h"

namespace unaided {
namespace {

constexpr std::string_view kMarker = "// level ";
constexpr std::string_view kGiven = ", given: the reference's solution, to build on";

/// The level of a marker line.
std::optional<int> marked_level(std::string_view line) {
  if (!line.starts_with(kMarker)) return std::nullopt;
  line.remove_prefix(kMarker.size());
  int level = 0;
  const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), level);
  const std::string_view rest = line.substr(static_cast<std::size_t>(stop - line.data()));
  const bool marker = error == std::errc() && (rest.empty() || rest.front() == ',');
  return marker ? std::optional(level) : std::nullopt;
}

void require_levels(const Regions& regions, int last_level, std::string_view name) {
  if (regions.first_level == 1 && regions.last_level() >= last_level) return;
  throw Fault(fmt::format("{} lacks the line '{}{}' (it must mark every level from 1)", name,
                          kMarker, last_level));
}

/// The first `count` levels.
Regions first_levels(Regions regions, int count) {
  regions.levels.resize(static_cast<std::size_t>(count));
  return regions;
}

}  // namespace

Regions split_regions(std::string_view text, std::string_view name) {
  Regions regions;
  std::string* region = &regions.preamble;
  int line_number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const std::string_view whole_line = text.substr(begin, end + 1 - begin);
    begin = end + 1;
    ++line_number;
    const std::optional<int> level = marked_level(line);
    if (!level) {
      region->append(whole_line);
      continue;
    }
    if (regions.levels.empty()) regions.first_level = *level;
    if (*level < 1 || *level != regions.last_level() + 1) {
      throw Fault(fmt::format("{}:{}: '{}' is out of order: level {} is expected", name,
                              line_number, line, std::max(1, regions.last_level() + 1)));
    }
    region = &regions.levels.emplace_back();
  }
  return regions;
}

std::string join_regions(const Regions& regions, int first_own) {
  std::string text = regions.preamble;
  for (int level = regions.first_level; level <= regions.last_level(); ++level) {
    const std::string_view given = level < first_own ? kGiven : "";
    text += fmt::format("{}{}{}\n{}", kMarker, level, given, regions.level(level));
  }
  return text;
}

std::string drill_source(std::string_view starter, std::string_view reference, int level) {
  const Regions own = split_regions(starter, "the starter");
  const Regions given = split_regions(reference, "the reference");
  require_levels(own, level, "the starter");
  require_levels(given, level - 1, "the reference");
  Regions drill = level == 1 ? first_levels(own, 1) : first_levels(given, level);
  drill.levels.back() = own.level(level);
  return join_regions(drill, /*first_own=*/level);
}

std::string solved_drill_source(std::string_view reference, int level) {
  const Regions regions = split_regions(reference, "the reference");
  require_levels(regions, level, "the reference");
  return join_regions(first_levels(regions, level), /*first_own=*/1);
}

}  // namespace unaided
