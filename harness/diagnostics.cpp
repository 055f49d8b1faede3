#include "diagnostics.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <regex>
#include <sstream>
#include <string_view>
#include <vector>

namespace unaided {

namespace {

constexpr std::size_t kErrorsMax = 4;
constexpr std::size_t kSourceLinesMax = 2;  // the line itself and its caret
constexpr std::size_t kLineBytesMax = 300;

/// One "file:line:column: kind: text" (clang) or "file(line): kind: text" (nvcc) with the lines
/// that belong to it.
struct Message {
  std::string file;
  std::string kind;  // "error", "fatal error", "note", "warning"
  std::string head;  // the whole first line
  std::vector<std::string> lines;
};

bool starts_message(const std::string& line, Message& message) {
  static const std::regex pattern(
      R"(^([^:\s][^:]*?)(?::\d+:\d+|\(\d+\)): (fatal error|error|warning|note): )");
  std::smatch match;
  if (!std::regex_search(
          line.begin(),
          line.begin() +
              std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(line.size()), kLineBytesMax),
          match, pattern)) {
    return false;
  }
  message = {match[1], match[2], line.substr(0, kLineBytesMax), {}};
  return true;
}

std::vector<Message> split_messages(const std::string& output) {
  std::vector<Message> messages;
  std::istringstream stream(output);
  for (std::string line; std::getline(stream, line);) {
    Message message;
    if (starts_message(line, message)) {
      messages.push_back(message);
    } else if (!messages.empty() && !line.starts_with("In file included from") &&
               messages.back().lines.size() < kSourceLinesMax) {
      messages.back().lines.push_back(line.substr(0, kLineBytesMax));
    }
  }
  return messages;
}

bool is_error(const Message& message) {
  return message.kind.ends_with("error");
}

bool is_own(const Message& message, const std::string& own_file) {
  return message.file == own_file || message.file.ends_with("/" + own_file);
}

std::string shown(const Message& message, bool with_source) {
  std::string text = message.head + "\n";
  for (const std::string& line : message.lines) {
    if (with_source) text += line + "\n";
  }
  return text;
}

}  // namespace

std::string summarize_diagnostics(const std::string& output, const std::string& own_file) {
  const std::vector<Message> messages = split_messages(output);
  std::string text;
  std::size_t errors = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (!is_error(messages[i])) continue;
    if (++errors > kErrorsMax) continue;
    const bool own = is_own(messages[i], own_file);
    text += shown(messages[i], own);
    if (own) continue;
    // The error lies in a header: the first note in the candidate's file is where it came from.
    for (std::size_t j = i + 1; j < messages.size() && !is_error(messages[j]); ++j) {
      if (!is_own(messages[j], own_file)) continue;
      text += shown(messages[j], true);
      break;
    }
  }
  if (errors > kErrorsMax) {
    text += "… and " + std::to_string(errors - kErrorsMax) + " more; --full shows all\n";
  }
  // Not in the usual form: a linker's words, or the compiler's own crash.
  return errors == 0 ? output.substr(0, 2000) : text;
}

}  // namespace unaided
