#include "text_layout.h"

#include <algorithm>

namespace unaided {

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string indented(std::string_view text, std::string_view prefix) {
  std::string lines;
  for (const std::string_view line : split_lines(text)) {
    lines.append(prefix).append(line).append("\n");
  }
  return lines;
}

std::string wrap(std::string_view text, int width, int indent) {
  std::string wrapped;
  std::size_t column = 0;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    const bool too_long = column > 0 && column + 1 + word.size() > static_cast<std::size_t>(width);
    if (too_long) {
      wrapped += "\n" + std::string(static_cast<std::size_t>(indent), ' ');
      column = static_cast<std::size_t>(indent);
    } else if (column > 0) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += word.size();
    begin = end + 1;
  }
  return wrapped;
}

std::string clipped(std::string_view line, std::size_t width, const Terminal& terminal) {
  if (line.size() <= width) return std::string(line);
  while (width > 0 && (static_cast<unsigned char>(line[width]) & 0xc0) == 0x80) --width;
  return std::string(line.substr(0, width)).append(terminal.symbols().ellipsis);
}

}  // namespace unaided
