#pragma once

// Conversations as the checks write them down, and how one is compared with what is expected.

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "level1.h"
#include "support/conversation.h"

namespace transcript {

using conversation::fail;
using conversation::first_breach;
using conversation::in_quotes;
using conversation::role_text;
using conversation::setting;
using conversation::shown;
using kata::Message;
using kata::Role;
using kata::ToolCall;

/// A message that a conversation should hold. If its text is free, the text must only be there and
/// hold what is mentioned. An assistant's line also says how the model's reply ends.
struct Line {
  Message message;
  bool free_text = false;
  std::vector<std::string> mentions = {};
  kata::Finish finish = kata::Finish::kStop;
  kata::Usage usage = {};
};
using Lines = std::vector<Line>;

inline Line system_line(const std::string& text) {
  return {.message = {.role = Role::kSystem, .text = text}};
}
inline Line user(const std::string& text) {
  return {.message = {.role = Role::kUser, .text = text}};
}
inline Line says(const std::string& text) {
  return {.message = {.role = Role::kAssistant, .text = text}};
}
inline Line asks(const std::vector<ToolCall>& calls, const std::string& text = "") {
  return {.message = {.role = Role::kAssistant, .text = text, .calls = calls},
          .finish = kata::Finish::kToolCalls};
}
inline Line result(const ToolCall& call, const std::string& text) {
  return {.message = {.role = Role::kTool, .text = text, .call_id = call.id, .name = call.name}};
}
inline Line error(const ToolCall& call, const std::vector<std::string>& mentions = {}) {
  Line line = result(call, "");
  line.message.is_error = true;
  line.free_text = true;
  line.mentions = mentions;
  return line;
}

/// The line with another end of its reply.
inline Line finishing(Line line, kata::Finish finish) {
  line.finish = finish;
  return line;
}
inline Line using_up(Line line, const kata::Usage& usage) {
  line.usage = usage;
  return line;
}

inline std::vector<Message> messages_of(const Lines& lines) {
  std::vector<Message> messages;
  for (const Line& line : lines) messages.push_back(line.message);
  return messages;
}

// ---- comparing

/// ": expected this, got that", in lines of their own if they are long: a line may be cut at its
/// end.
inline std::string expected_got(const std::string& expected, const std::string& got) {
  const bool is_long = expected.size() + got.size() > 150;
  return (is_long ? ":\n  expected " : ": expected ") + expected +
         (is_long ? "\n  got " : ", got ") + got;
}

/// Where two texts part, if they are too long to be shown whole; else nothing.
inline std::string parting(const std::string& expected, const std::string& got) {
  if (expected == got || std::max(expected.size(), got.size()) <= 160) return "";
  const auto at = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
  return "\n  they part at byte " + std::to_string(at.first - expected.begin());
}

/// A message of a script; the text of one that may say what it likes is not there to be shown.
inline std::string shown(const Line& line) {
  std::string text = shown(line.message);
  if (line.free_text && line.message.text.empty()) {
    text.replace(text.find("\"\""), 2, "(a text that says why)");
  }
  return text;
}

/// Empty if `got` is what the line expects, else in what they differ.
inline std::string difference(const Message& got, const Line& line) {
  const Message& expected = line.message;
  const auto differ = [](const std::string& what, const std::string& want, const std::string& is) {
    return what + expected_got(want, is);
  };
  if (got.role != expected.role) {
    return differ("role", role_text(expected.role), role_text(got.role));
  }
  if (got.call_id != expected.call_id) {
    return differ("call_id", in_quotes(expected.call_id), in_quotes(got.call_id));
  }
  if (got.name != expected.name)
    return differ("name", in_quotes(expected.name), in_quotes(got.name));
  if (got.is_error != expected.is_error) {
    return differ("is_error", expected.is_error ? "true" : "false",
                  (got.is_error ? "true, text " : "false, text ") + in_quotes(got.text));
  }
  if (!line.free_text && got.text != expected.text) {
    return differ("text", in_quotes(expected.text), in_quotes(got.text)) +
           parting(expected.text, got.text);
  }
  if (line.free_text && got.text.empty()) return "text: expected one that says why, got none";
  for (const std::string& part : line.mentions) {
    if (got.text.find(part) != std::string::npos) continue;
    return differ("text", "one that holds " + in_quotes(part), in_quotes(got.text));
  }
  if (got.calls.size() != expected.calls.size()) {
    return differ("number of calls", std::to_string(expected.calls.size()),
                  std::to_string(got.calls.size()));
  }
  for (std::size_t i = 0; i < got.calls.size(); ++i) {
    const ToolCall &is = got.calls[i], &want = expected.calls[i];
    if (is.id == want.id && is.name == want.name && is.arguments == want.arguments) continue;
    return differ("call " + std::to_string(i), shown(want), shown(is)) +
           parting(want.arguments, is.arguments);
  }
  return "";
}

/// Compares message by message; reports the first difference. `what` is "the history", for
/// instance.
inline bool expect_conversation(const std::string& what, const std::vector<Message>& got,
                                std::span<const Line> expected) {
  for (std::size_t i = 0; i < got.size() && i < expected.size(); ++i) {
    const std::string problem = difference(got[i], expected[i]);
    if (problem.empty()) continue;
    fail(what + ", message " + std::to_string(i) + ", " + problem, got);
    return false;
  }
  if (got.size() == expected.size()) return true;
  const std::string missing =
      got.size() < expected.size() ? "; missing is " + shown(expected[got.size()]) : "";
  fail(what + " has " + std::to_string(got.size()) + " messages, expected " +
           std::to_string(expected.size()) + missing,
       got);
  return false;
}

}  // namespace transcript
