#include "drill.h"

#include <fmt/format.h>

#include <algorithm>

#include "fault.h"

namespace unaided {
namespace {

constexpr std::string_view kMarker = "// level ";

/// The level that this line starts, or 0. Only a digit and blanks may follow the marker, so that a
/// sentence in a comment starts nothing.
int level_started(std::string_view line) {
  if (!line.starts_with(kMarker)) return 0;
  line.remove_prefix(kMarker.size());
  if (line.empty() || line[0] < '1' || line[0] > '9') return 0;
  if (line.find_first_not_of(" \r\n", 1) != std::string_view::npos) return 0;
  return line[0] - '0';
}

const std::string& region(const Regions& regions, int level, std::string_view file) {
  const auto found = regions.levels.find(level);
  if (found != regions.levels.end()) return found->second;
  throw Fault(fmt::format("the {} has no region `// level {}`; run `dev verify`", file, level));
}

std::string labelled_as_given(const std::string& text, int level) {
  const std::string rest = text.substr(std::min(text.find('\n'), text.size()));
  return fmt::format("// level {}, given: not yours to write, not judged here{}", level, rest);
}

}  // namespace

Regions cut_regions(std::string_view source) {
  Regions regions;
  std::string* current = &regions.preamble;
  while (!source.empty()) {
    const std::size_t end = source.find('\n');
    const std::string_view line =
        source.substr(0, end == std::string_view::npos ? source.size() : end + 1);
    if (const int level = level_started(line)) current = &regions.levels[level];
    current->append(line);
    source.remove_prefix(line.size());
  }
  return regions;
}

std::string drill_source(std::string_view starter, std::string_view reference, int level) {
  const Regions blank = cut_regions(starter);
  const Regions solved = cut_regions(reference);
  std::string text = level == 1 ? blank.preamble : solved.preamble;
  for (int below = 1; below < level; ++below) {
    text += labelled_as_given(region(solved, below, "reference"), below);
  }
  return text + region(blank, level, "starter");
}

}  // namespace unaided
