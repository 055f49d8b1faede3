#pragma once

// Conversations as the checks write them down. A script says what the models and the tools do and,
// by that, what the history must become.

#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/conversation.h"

namespace script {

using conversation::in_quotes;
using conversation::shown;
using kata::json;
using kata::Message;
using kata::ModelError;
using kata::Role;
using kata::ToolCall;

/// How a call comes to its result.
enum class Way { kReturns, kThrows, kNotRun, kStopped, kRefused, kUnanswered };

/// A model call that throws: whose it is, what it throws.
struct Failure {
  std::size_t model = 0;
  std::string what;
  std::function<void()> thrower;
};

/// A message that the conversation should hold, and how it comes about.
struct Line {
  Message message;
  bool free_text = false;  // not empty, and it holds what is mentioned
  std::vector<std::string> mentions = {};
  // Of results:
  Way way = Way::kReturns;
  json value = {};                          // what the tool returns, or in words what it throws
  bool approved = false;                    // a human approves it first
  std::function<void()> thrower = nullptr;  // of a tool that throws
  // Of replies:
  std::size_t model = 0;               // that gives it
  std::vector<Failure> failures = {};  // model calls before it that throw
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
  return {.message = {.role = Role::kAssistant, .text = text, .calls = calls}};
}

/// The tool runs and returns this.
inline Line result(const ToolCall& call, const json& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  return {.message = {.role = Role::kTool, .text = text, .call_id = call.id, .name = call.name},
          .value = value};
}

inline Line error(const ToolCall& call, Way way, const std::vector<std::string>& mentions,
                  const std::string& value = "") {
  Line line = result(call, value);
  line.message.text.clear();
  line.message.is_error = true;
  line.free_text = true;
  line.mentions = mentions;
  line.way = way;
  return line;
}

/// The tool runs and throws this; by default, a std::runtime_error.
inline Line failed(const ToolCall& call, const std::string& what,
                   std::function<void()> thrower = nullptr) {
  Line line = error(call, Way::kThrows, {what}, what);
  if (!thrower) thrower = [what] { throw std::runtime_error(what); };
  line.thrower = std::move(thrower);
  return line;
}
inline Line unknown(const ToolCall& call) {
  return error(call, Way::kNotRun, {call.name});
}
/// Its reply is stopped as a loop.
inline Line stopped(const ToolCall& call) {
  return error(call, Way::kStopped, {});
}
/// The run has ended before its turn came.
inline Line left_over(const ToolCall& call) {
  return error(call, Way::kNotRun, {});
}
/// The human says no.
inline Line refused(const ToolCall& call, const std::string& reason) {
  return error(call, Way::kRefused, {reason}, reason);
}
/// The reviewer throws this.
inline Line unanswered(const ToolCall& call, const std::string& what) {
  return error(call, Way::kUnanswered, {what}, what);
}
/// The human says yes first.
inline Line approved(Line line) {
  line.approved = true;
  return line;
}

/// The same reply of another model.
inline Line by(std::size_t model, Line line) {
  line.model = model;
  return line;
}

inline Failure overloaded(std::size_t model, const std::string& what = "busy") {
  return {model, what, [what] { throw ModelError(what, /*may_be_retried=*/true); }};
}

/// The reply, after model calls that throw.
inline Line after(const std::vector<Failure>& failures, Line line) {
  line.failures = failures;
  return line;
}

inline std::vector<Message> messages_of(const Lines& lines) {
  std::vector<Message> messages;
  for (const Line& line : lines) messages.push_back(line.message);
  return messages;
}

// ---- comparing

inline std::string truth(bool value) {
  return value ? "true" : "false";
}

/// Empty if `got` is what the line expects, else in what they differ.
inline std::string difference(const Message& got, const Line& line) {
  const Message& want = line.message;
  const auto differ = [](const std::string& what, const std::string& expected,
                         const std::string& is) {
    return what + ": expected " + expected + ", got " + is;
  };
  const auto text_differs = [&](const std::string& what, const std::string& expected,
                                const std::string& is) {
    return differ(what, in_quotes(expected), in_quotes(is));
  };
  if (got.role != want.role) {
    return differ("role", conversation::role_text(want.role), conversation::role_text(got.role));
  }
  if (got.call_id != want.call_id) return text_differs("call_id", want.call_id, got.call_id);
  if (got.name != want.name) return text_differs("name", want.name, got.name);
  if (got.is_error != want.is_error) {
    const std::string why = line.way == Way::kStopped ? " (this reply is to be stopped)" : "";
    return differ("is_error", truth(want.is_error) + why,
                  truth(got.is_error) + ", text " + in_quotes(got.text));
  }
  if (!line.free_text && got.text != want.text) return text_differs("text", want.text, got.text);
  if (line.free_text && got.text.empty()) return "text: expected one that says why, got none";
  for (const std::string& part : line.mentions) {
    if (got.text.find(part) != std::string::npos) continue;
    return differ("text", "one that holds " + in_quotes(part), in_quotes(got.text));
  }
  if (got.calls.size() != want.calls.size()) {
    return differ("number of calls", std::to_string(want.calls.size()),
                  std::to_string(got.calls.size()));
  }
  for (std::size_t i = 0; i < got.calls.size(); ++i) {
    const ToolCall &is = got.calls[i], &call = want.calls[i];
    if (is.id == call.id && is.name == call.name && is.arguments == call.arguments) continue;
    return differ("call " + std::to_string(i), shown(call), shown(is));
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
    conversation::fail(what + ", message " + std::to_string(i) + ", " + problem, got);
    return false;
  }
  if (got.size() == expected.size()) return true;
  std::string missing;
  if (got.size() < expected.size()) {
    Message next = expected[got.size()].message;
    if (expected[got.size()].free_text) next.text = "…";
    missing = "; missing is " + shown(next);
  }
  conversation::fail(what + " has " + std::to_string(got.size()) + " messages, expected " +
                         std::to_string(expected.size()) + missing,
                     got);
  return false;
}

}  // namespace script
