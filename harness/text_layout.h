#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "terminal.h"

namespace unaided {

/// The lines of `text`, without their newlines.
std::vector<std::string_view> split_lines(std::string_view text);

/// Each line of `text` after `prefix`, ending with a newline.
std::string indented(std::string_view text, std::string_view prefix);

/// `text` broken at blanks into lines of at most `width` bytes, all but the first indented.
std::string wrap(std::string_view text, int width, int indent);

/// Markdown for a pane `width` columns wide: paragraphs and list items are joined and broken anew;
/// code, tables and headings stay as they are.
std::string reflowed(std::string_view markdown, int width);

/// At most `width` bytes of `line`, cut between characters and marked where it was cut.
std::string clipped(std::string_view line, std::size_t width, const Terminal& terminal);

}  // namespace unaided
