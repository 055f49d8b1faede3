// notes.md is written for people; what is cut out of it here is found by its headings: in
// "## Walk-through" the paragraphs that begin with "**Level K.**", in "## Follow-up questions"
// those that begin with a bold question.
#include "notes.h"

#include "text_file.h"
#include "text_layout.h"

namespace unaided {
namespace {

constexpr std::size_t kNotesBytesMax = 1'000'000;
constexpr std::string_view kBold = "**";

/// The lines below "## <heading>", up to the next one.
std::vector<std::string_view> section(std::string_view text, std::string_view heading) {
  std::vector<std::string_view> lines;
  bool inside = false;
  for (const std::string_view line : split_lines(text)) {
    if (line.starts_with("## ")) {
      inside = line.substr(3) == heading;
    } else if (inside) {
      lines.push_back(line);
    }
  }
  return lines;
}

void append_line(std::string& text, std::string_view line) {
  if (text.empty() && line.empty()) return;
  text.append(line).append("\n");
}

std::string trimmed(std::string text) {
  const std::size_t end = text.find_last_not_of(" \n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text;
}

std::vector<std::string> read_walk_through(std::string_view text) {
  std::vector<std::string> levels;
  for (const std::string_view line : section(text, "Walk-through")) {
    if (line.starts_with("**Level ")) levels.emplace_back();
    if (!levels.empty()) append_line(levels.back(), line);
  }
  for (std::string& level : levels) level = trimmed(level);
  return levels;
}

/// A question may run over several lines; its closing asterisks end it.
std::vector<FollowUp> read_follow_ups(std::string_view text) {
  std::vector<FollowUp> follow_ups;
  bool asking = false;
  for (std::string_view line : section(text, "Follow-up questions")) {
    if (line.starts_with(kBold)) {
      follow_ups.emplace_back();
      asking = true;
      line.remove_prefix(kBold.size());
    }
    if (follow_ups.empty()) continue;
    FollowUp& last = follow_ups.back();
    if (asking) {
      const std::size_t end = line.find(kBold);
      last.question += (last.question.empty() ? "" : " ") + std::string(line.substr(0, end));
      if (end == std::string_view::npos) continue;
      asking = false;
      line.remove_prefix(end + kBold.size());
      if (!line.empty()) line.remove_prefix(line.find_first_not_of(' '));
    }
    append_line(last.answer, line);
  }
  for (FollowUp& follow_up : follow_ups) follow_up.answer = trimmed(follow_up.answer);
  return follow_ups;
}

}  // namespace

Notes parse_notes(std::string_view text) {
  return {read_walk_through(text), read_follow_ups(text)};
}

Notes read_notes(const Kata& kata) {
  return parse_notes(read_text_file(kata.reference_folder() / "notes.md", kNotesBytesMax));
}

}  // namespace unaided
