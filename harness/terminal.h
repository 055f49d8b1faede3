#pragma once

#include <string>
#include <string_view>

namespace unaided {

enum class ColourChoice { kAuto, kAlways, kNever };

/// The marks of the screen, in UTF-8 or ASCII.
struct Symbols {
  std::string_view passed, failed, unknown, dot, bar, ellipsis;
};

/// What standard output can show. Everything printed follows these facts, so that a pipe gets plain
/// text.
struct Terminal {
  bool input_is_tty = false;
  bool output_is_tty = false;
  bool colour = false;
  bool utf8 = false;
  int width = 80;  // columns; of no meaning when output is not a terminal

  const Symbols& symbols() const;

  /// `text` in the colour `sgr` ("1;31"), or unchanged where colour is off or `sgr` is empty.
  std::string paint(std::string_view sgr, std::string_view text) const;
};

/// Asks the process's descriptors and environment (NO_COLOR, TERM, COLUMNS, the locale).
Terminal detect_terminal(ColourChoice choice);

/// The rule for colour alone: the choice wins, then NO_COLOR (any non-empty value), then whether
/// output is a terminal that is not "dumb".
bool colour_allowed(ColourChoice choice, bool output_is_tty, const char* no_color,
                    const char* term);

/// `text` without the control characters a terminal would obey (escape sequences, carriage returns,
/// bells): each becomes "?", newlines and tabs stay. For text an attempt could have written.
std::string printable(std::string_view text);

/// The same for what must stay on one line, such as a file's name: newlines and tabs become "?"
/// too.
std::string printable_line(std::string_view text);

}  // namespace unaided
