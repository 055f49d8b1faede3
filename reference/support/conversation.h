#pragma once

// Conversations in the checks of agent katas: how they are shown, and the invariants that every one
// of them must keep. The kata at hand declares Message, Role and ToolCall in its level1.h.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "level1.h"
#include "support/probe.h"

namespace conversation {

using kata::Message;
using kata::Role;
using kata::ToolCall;

// ---- showing

inline bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// How many bytes the UTF-8 character at `at` has, or 0 if there is none.
inline std::size_t character_at(const std::string& text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4) return 0;
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text[at + i])) return 0;
  }
  return length;
}

inline bool is_utf8(const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = character_at(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

/// The text with line ends as \n, and with other bytes that cannot be shown as \xNN.
inline std::string printable(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const bool is_control = static_cast<unsigned char>(text[at]) < 0x20;
    const std::size_t length = is_control ? 0 : character_at(text, at);
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\x%02X", static_cast<unsigned char>(text[at]));
    out += length > 0 ? text.substr(at, length) : text[at] == '\n' ? "\\n" : escape;
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

/// In quotes, the middle left out if it is long.
inline std::string in_quotes(const std::string& text) {
  constexpr std::size_t kWhole = 160, kPart = 60;
  if (text.size() <= kWhole) return "\"" + printable(text) + "\"";
  std::size_t end = kPart, begin = text.size() - kPart;
  while (end > kPart - 4 && continues(text[end])) --end;
  while (begin < text.size() - kPart + 4 && continues(text[begin])) ++begin;
  return "\"" + printable(text.substr(0, end)) + " … " + printable(text.substr(begin)) + "\" (" +
         std::to_string(text.size()) + " bytes)";
}

inline std::string role_text(Role role) {
  constexpr const char* kNames[] = {"system", "user", "assistant", "tool"};
  const auto i = static_cast<std::size_t>(role);
  return i < std::size(kNames) ? kNames[i] : "role " + std::to_string(i);
}

inline std::string shown(const ToolCall& call) {
  return "call id " + in_quotes(call.id) + ": " + in_quotes(call.name) + " with " +
         in_quotes(call.arguments);
}

inline std::string shown(const Message& message) {
  std::string text = role_text(message.role) + " " + in_quotes(message.text);
  if (message.role == Role::kTool || !message.call_id.empty() || !message.name.empty()) {
    text += " to call id " + in_quotes(message.call_id) + ", name " + in_quotes(message.name);
  }
  if (message.is_error) text += ", is_error";
  constexpr std::size_t kShown = 12;
  for (std::size_t i = 0; i < std::min(kShown, message.calls.size()); ++i) {
    text += "\n         " + shown(message.calls[i]);
  }
  if (message.calls.size() > kShown) {
    text += "\n         … (" + std::to_string(message.calls.size()) + " calls)";
  }
  return text;
}

inline std::string shown(const std::vector<Message>& messages) {
  constexpr std::size_t kShown = 24;
  std::string text;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (i >= kShown) return text + "    … (" + std::to_string(messages.size()) + " messages)\n";
    text += "    " + std::to_string(i) + "  " + shown(messages[i]) + "\n";
  }
  return text.empty() ? "    (none)\n" : text;
}

/// What else was given: limits, for instance. Shown with each failure.
inline std::string& setting() {
  static std::string text;
  return text;
}

/// Reports a failure: behaviour, what is wrong, the seed, the conversation that it happened in.
inline void fail(const std::string& what, const std::vector<Message>& conversation = {}) {
  const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
  const std::string behaviour = info == nullptr ? "" : info->test_suite_name();
  // The seed comes first: what is long may be cut at its end.
  std::string text = behaviour + ": " + what + "\n  seed " + std::to_string(support::seed());
  if (!setting().empty()) text += "\n  with " + setting();
  if (!conversation.empty()) text += "\n  the messages as they are:\n" + shown(conversation);
  ADD_FAILURE() << text;
}

// ---- invariants

/// Empty if a conversation keeps the rules of README.md so far, else what breaks them first: roles
/// in a legal order, each call answered exactly once, in order, before the next other message, and
/// texts valid UTF-8.
inline std::string first_breach(const std::vector<Message>& messages) {
  const std::vector<ToolCall> none;
  const std::vector<ToolCall>* calls = &none;  // of the last message that was not a result
  std::size_t answered = 0;                    // how many of them have a result
  const auto named = [](const std::string& id, const std::string& name) {
    return in_quotes(id) + " of " + in_quotes(name);
  };
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    const std::string at = "message " + std::to_string(i) + " (" + role_text(message.role) + ") ";
    const bool is_assistant = message.role == Role::kAssistant;
    const bool is_result = message.role == Role::kTool;
    const bool waiting = answered < calls->size();
    if (is_result && !waiting) return at + "is a result, but no call is left to answer";
    if (waiting) {
      const ToolCall& next = (*calls)[answered];
      if (!is_result) return at + "comes while " + named(next.id, next.name) + " has no result";
      if (message.call_id != next.id || message.name != next.name) {
        return at + "answers " + named(message.call_id, message.name) +
               "; the next call to answer is " + named(next.id, next.name);
      }
    }
    if (message.role == Role::kSystem && i > 0) return at + "is not the first message";
    if (is_assistant && (i == 0 || messages[i - 1].role == Role::kSystem)) {
      return at + "comes before any user message";
    }
    if (is_assistant && messages[i - 1].role == Role::kAssistant) {
      return at + "follows another assistant message";
    }
    const bool answers = !message.call_id.empty() || !message.name.empty() || message.is_error;
    if (!is_result && answers) {
      return at + "has call_id, name or is_error, which only results have";
    }
    if (!is_assistant && !message.calls.empty()) return at + "has calls";
    if (!is_utf8(message.text)) {
      return at + "has a text that is not valid UTF-8: " + in_quotes(message.text);
    }
    if (is_result) {
      ++answered;
    } else {
      calls = &message.calls;
      answered = 0;
    }
  }
  if (answered == calls->size()) return "";
  return "at the end " + named((*calls)[answered].id, (*calls)[answered].name) + " has no result";
}

}  // namespace conversation
