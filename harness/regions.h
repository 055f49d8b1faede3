#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace unaided {

/// A source file cut at its lines `// level K`: what stands before the first one, then the text of
/// each level, which begins after its marker. A marker may say more after a comma:
/// `// level 1, given: …`.
struct Regions {
  std::string preamble;
  std::vector<std::string> levels;  // levels[0] is that of first_level
  int first_level = 1;

  int last_level() const { return first_level + static_cast<int>(levels.size()) - 1; }
  const std::string& level(int number) const { return levels.at(number - first_level); }
};

/// Cuts `text`; without any marker, no levels. Throws Fault with `name` and the line when markers
/// do not count up by one.
Regions split_regions(std::string_view text, std::string_view name);

/// Joins regions to a file again. Levels before `first_own` are marked as given.
std::string join_regions(const Regions& regions, int first_own);

/// What a drill of `level` starts with: the reference's regions of the levels below, marked as
/// given, and the starter's region of the level itself. Throws Fault when a region is missing.
std::string drill_source(std::string_view starter, std::string_view reference, int level);

/// The solution to that drill: the reference up to and with `level`.
std::string solved_drill_source(std::string_view reference, int level);

}  // namespace unaided
