#include "level_span.h"

#include <fmt/format.h>

#include "fault.h"

namespace unaided {
namespace {

/// A level is one digit, since a kata has at most four; 0 for what is not one.
int digit(std::string_view text) {
  return text.size() == 1 && text[0] >= '1' && text[0] <= '9' ? text[0] - '0' : 0;
}

}  // namespace

LevelSpan parse_level_span(const std::string& text, const Kata& kata) {
  if (text.empty()) return {1, kata.level_count()};
  const std::size_t dash = text.find('-');
  const LevelSpan span = {digit(text.substr(0, dash)),
                          digit(dash == std::string::npos ? text : text.substr(dash + 1))};
  if (span.first == 0 || span.last == 0) {
    throw Fault(fmt::format("'{}' are no levels; write 2 or 1-3", text.substr(0, 40)));
  }
  if (span.first > span.last || span.last > kata.level_count()) {
    throw Fault(fmt::format("levels {} are not there: {} has levels 1 to {}", text, kata.id,
                            kata.level_count()));
  }
  return span;
}

}  // namespace unaided
