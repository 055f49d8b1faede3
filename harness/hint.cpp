#include "hint.h"

#include <algorithm>

#include "drill.h"
#include "notes.h"
#include "text_file.h"
#include "text_layout.h"

namespace unaided {
namespace {

constexpr std::size_t kSourceBytesMax = 1'000'000;
constexpr std::string_view kTest = "TEST(";

std::string behaviour_hint(const Kata& kata, int level) {
  std::string text = "The hidden checks look at\n";
  for (const std::string& name :
       behaviours_in(read_text_file(kata.checks(level), kSourceBytesMax))) {
    text += "  " + name + "\n";
  }
  return text;
}

std::string idea_hint(const Kata& kata, int level) {
  const Notes notes = read_notes(kata);
  const auto index = static_cast<std::size_t>(level - 1);
  return index < notes.walk_through.size() ? notes.walk_through[index] + "\n" : "";
}

std::string skeleton_hint(const Kata& kata, int level) {
  const Regions regions = cut_regions(read_text_file(kata.reference(), kSourceBytesMax));
  const auto region = regions.levels.find(level);
  return region == regions.levels.end() ? "" : skeleton_of(region->second);
}

std::string_view without_indent(std::string_view line) {
  const std::size_t start = line.find_first_not_of(' ');
  return start == std::string_view::npos ? std::string_view() : line.substr(start);
}

/// Braces of namespaces and types hold declarations; all others hold a body.
bool opens_scope(std::string_view line) {
  const std::string_view text = without_indent(line);
  const auto begins = [text](std::string_view word) { return text.starts_with(word); };
  return begins("namespace") || begins("class ") || begins("struct ") || begins("enum ");
}

}  // namespace

std::vector<std::string> hints_for(const Kata& kata, int level) {
  std::vector<std::string> hints = {behaviour_hint(kata, level), idea_hint(kata, level),
                                    skeleton_hint(kata, level)};
  std::erase_if(hints, [](const std::string& hint) { return hint.empty(); });
  return hints;
}

std::vector<std::string> behaviours_in(std::string_view checks) {
  std::vector<std::string> names;
  for (const std::string_view line : split_lines(checks)) {
    if (!line.starts_with(kTest)) continue;
    const std::string_view rest = line.substr(kTest.size());
    const std::string name(rest.substr(0, rest.find(',')));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string skeleton_of(std::string_view source) {
  std::string skeleton;
  int body_depth = 0;  // braces open, from the first one that holds a body
  for (const std::string_view line : split_lines(source)) {
    const std::string_view text = without_indent(line);
    const bool comment = text.starts_with("//");
    const bool outside = body_depth == 0;
    if (outside || comment) skeleton.append(line).append("\n");
    if (comment || (outside && opens_scope(line))) continue;
    const auto opened = std::count(line.begin(), line.end(), '{');
    const auto closed = std::count(line.begin(), line.end(), '}');
    const bool closes_scope = outside && opened == 0;
    if (closes_scope) continue;
    body_depth += static_cast<int>(opened - closed);
    if (!outside && body_depth == 0) skeleton.append(line).append("\n");
  }
  return skeleton;
}

}  // namespace unaided
