#include "text_layout.h"

#include <algorithm>

namespace unaided {
namespace {

bool is_item(std::string_view line) {
  const std::size_t mark = line.find_first_not_of("0123456789");
  const bool numbered = mark != std::string_view::npos && mark > 0 && line[mark] == '.';
  return line.starts_with("- ") || line.starts_with("* ") || numbered;
}

bool stays(std::string_view line) {
  return line.empty() || line.starts_with("    ") || line.starts_with('#') ||
         line.starts_with('|') || line.starts_with("```");
}

}  // namespace

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

std::string reflowed(std::string_view markdown, int width) {
  std::string text;
  std::string paragraph;
  bool in_code = false;
  const auto finish = [&] {
    if (!paragraph.empty()) text += wrap(paragraph, width, is_item(paragraph) ? 2 : 0) + "\n";
    paragraph.clear();
  };
  for (const std::string_view line : split_lines(markdown)) {
    if (in_code || stays(line)) {
      finish();
      text.append(line).append("\n");
      if (line.starts_with("```")) in_code = !in_code;
      continue;
    }
    if (is_item(line)) finish();
    const std::size_t start = paragraph.empty() ? 0 : line.find_first_not_of(' ');
    if (!paragraph.empty()) paragraph += ' ';
    paragraph += line.substr(std::min(start, line.size()));
  }
  finish();
  return text;
}

std::string clipped(std::string_view line, std::size_t width, const Terminal& terminal) {
  if (line.size() <= width) return std::string(line);
  while (width > 0 && (static_cast<unsigned char>(line[width]) & 0xc0) == 0x80) --width;
  return std::string(line.substr(0, width)).append(terminal.symbols().ellipsis);
}

}  // namespace unaided
