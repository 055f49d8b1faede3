#include "patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "fault.h"

namespace unaided {
namespace {

/// Lines with their newlines, so that a missing last newline is a difference too.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

struct HunkHeader {
  std::size_t old_begin = 0;  // 0-based
  std::size_t old_count = 1;
  std::size_t new_count = 1;
};

std::size_t number_at(std::string_view& text) {
  std::size_t number = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9' && number < 1'000'000) {
    number = number * 10 + static_cast<std::size_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  return number;
}

/// "12,3" or "12".
void range_at(std::string_view& text, std::size_t& begin, std::size_t& count) {
  begin = number_at(text);
  if (!text.starts_with(',')) return;
  text.remove_prefix(1);
  count = number_at(text);
}

HunkHeader parse_header(std::string_view line) {
  const std::string whole(line);
  HunkHeader header;
  std::size_t new_begin = 0;
  line.remove_prefix(std::min(line.size(), std::string_view("@@ -").size()));
  range_at(line, header.old_begin, header.old_count);
  if (!line.starts_with(" +")) throw Fault("not a hunk of a unified diff: " + whole);
  line.remove_prefix(2);
  range_at(line, new_begin, header.new_count);
  if (!line.starts_with(" @@")) throw Fault("not a hunk of a unified diff: " + whole);
  // A hunk that takes no old lines names the line before it.
  if (header.old_count > 0 && header.old_begin > 0) --header.old_begin;
  return header;
}

/// A diff being applied to a text.
class Application {
 public:
  Application(std::string_view text, std::string_view diff)
      : source_(lines_of(text)), diff_(lines_of(diff)) {}

  std::string run() {
    while (next_ < diff_.size() && !diff_[next_].starts_with("@@ -")) ++next_;
    if (next_ == diff_.size()) throw Fault("the patch has no hunk");
    while (next_ < diff_.size()) apply_hunk();
    copy_until(source_.size());
    return result_;
  }

 private:
  void apply_hunk() {
    const std::string_view header_line = diff_[next_++];
    if (!header_line.starts_with("@@ -")) {
      throw Fault(fmt::format("the patch has a line outside its hunks: {}", header_line));
    }
    const HunkHeader header = parse_header(header_line);
    if (header.old_begin < taken_ || header.old_begin > source_.size()) drifted(header.old_begin);
    copy_until(header.old_begin);
    std::size_t old_left = header.old_count;
    std::size_t new_left = header.new_count;
    while (old_left > 0 || new_left > 0) {
      if (next_ == diff_.size()) throw Fault("the patch ends in the middle of a hunk");
      const std::string_view line = diff_[next_++];
      const char kind = line == "\n" ? ' ' : line.front();  // some tools drop the trailing blank
      const bool takes = kind == ' ' || kind == '-';
      const bool gives = kind == ' ' || kind == '+';
      const bool uncounted = (takes && old_left == 0) || (gives && new_left == 0);
      if (uncounted || !(takes || gives)) {
        throw Fault(fmt::format("the patch has a malformed line: {}", line));
      }
      if (takes) match(line);
      if (gives) result_ += content(line);
      old_left -= takes ? 1 : 0;
      new_left -= gives ? 1 : 0;
      if (no_newline_follows()) ++next_;
    }
  }

  std::string_view content(std::string_view line) const {
    if (line == "\n") return line;
    line.remove_prefix(1);
    if (no_newline_follows()) line.remove_suffix(1);
    return line;
  }

  bool no_newline_follows() const {
    return next_ < diff_.size() && diff_[next_].starts_with("\\ No newline");
  }

  void match(std::string_view line) {
    if (taken_ == source_.size() || source_[taken_] != content(line)) drifted(taken_);
    ++taken_;
  }

  void copy_until(std::size_t line) {
    for (; taken_ < line; ++taken_) result_ += source_[taken_];
  }

  [[noreturn]] void drifted(std::size_t line) const {
    throw Fault(fmt::format("the patch does not fit at line {}: make it again", line + 1));
  }

  std::vector<std::string_view> source_;
  std::vector<std::string_view> diff_;
  std::size_t taken_ = 0;  // lines of the source
  std::size_t next_ = 0;   // line of the diff
  std::string result_;
};

}  // namespace

Patch split_patch(std::string_view text) {
  const std::size_t begin = text.starts_with("---") ? 0 : text.find("\n---");
  Patch patch;
  if (begin == std::string_view::npos) {
    patch.description = text;
  } else {
    patch.description = text.substr(0, begin);
    patch.diff = text.substr(begin == 0 ? 0 : begin + 1);
  }
  const std::size_t first = patch.description.find_first_not_of(" \n\t");
  const std::size_t last = patch.description.find_last_not_of(" \n\t");
  patch.description =
      first == std::string::npos ? "" : patch.description.substr(first, last - first + 1);
  return patch;
}

std::string apply_patch(std::string_view text, std::string_view diff) {
  return Application(text, diff).run();
}

}  // namespace unaided
