#include "terminal.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <cstring>

namespace unaided {
namespace {

constexpr Symbols kUtf8Symbols = {"✓", "✗", "?", "·", "│", "…"};
constexpr Symbols kAsciiSymbols = {"+", "x", "?", "-", "|", "..."};
constexpr int kWidthMin = 40;
constexpr int kWidthMax = 240;

int output_width() {
  winsize size{};
  int columns = 0;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
  if (columns == 0) {
    if (const char* text = std::getenv("COLUMNS")) columns = std::atoi(text);
  }
  if (columns == 0) columns = 80;
  return std::clamp(columns, kWidthMin, kWidthMax);
}

}  // namespace

Terminal detect_terminal(ColourChoice choice) {
  std::setlocale(LC_CTYPE, "");
  Terminal terminal;
  terminal.input_is_tty = isatty(STDIN_FILENO) == 1;
  terminal.output_is_tty = isatty(STDOUT_FILENO) == 1;
  terminal.colour =
      colour_allowed(choice, terminal.output_is_tty, std::getenv("NO_COLOR"), std::getenv("TERM"));
  terminal.utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  terminal.width = output_width();
  return terminal;
}

bool colour_allowed(ColourChoice choice, bool output_is_tty, const char* no_color,
                    const char* term) {
  if (choice == ColourChoice::kAlways) return true;
  if (choice == ColourChoice::kNever) return false;
  if (no_color != nullptr && *no_color != '\0') return false;
  if (term == nullptr || std::string_view(term) == "dumb") return false;
  return output_is_tty;
}

const Symbols& Terminal::symbols() const {
  return utf8 ? kUtf8Symbols : kAsciiSymbols;
}

std::string Terminal::paint(std::string_view sgr, std::string_view text) const {
  if (!colour || sgr.empty()) return std::string(text);
  std::string painted = "\x1b[";
  painted.append(sgr).append("m").append(text).append("\x1b[0m");
  return painted;
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto byte = static_cast<unsigned char>(clean[i]);
    const bool control = byte < 0x20 || byte == 0x7f;
    // U+0080 to U+009F are control characters too; in UTF-8 they are 0xC2 0x80 to 0xC2 0x9F.
    const bool c1_control = byte == 0xc2 && i + 1 < clean.size() &&
                            static_cast<unsigned char>(clean[i + 1]) >= 0x80 &&
                            static_cast<unsigned char>(clean[i + 1]) < 0xa0;
    if (c1_control) clean.replace(i, 2, "?");
    if (control && clean[i] != '\n' && clean[i] != '\t') clean[i] = '?';
  }
  return clean;
}

std::string printable_line(std::string_view text) {
  std::string clean = printable(text);
  std::replace(clean.begin(), clean.end(), '\n', '?');
  std::replace(clean.begin(), clean.end(), '\t', '?');
  return clean;
}

}  // namespace unaided
