#pragma once

// What the rules say, written down in another way than a solution would: forward and one by one.

#include <cstdint>
#include <string>
#include <vector>

#include "level4.h"

namespace oracle {

/// Goes through the characters from the front and keeps those that fit.
inline std::string cut(const std::string& text) {
  if (text.size() <= kata::kResultBytesMax) return text;
  std::size_t end = 0;
  while (true) {
    const auto lead = static_cast<unsigned char>(text[end]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (end + length > kata::kResultBytesMax) break;
    end += length;
  }
  return text.substr(0, end) + "\n[cut]";
}

inline std::vector<std::int64_t> waits(const kata::RetryPolicy& retry, int count) {
  std::vector<std::int64_t> list;
  __int128 exact = retry.base_ms;
  for (int n = 1; n <= count; ++n) {
    list.push_back(exact < retry.cap_ms ? static_cast<std::int64_t>(exact) : retry.cap_ms);
    if (exact < retry.cap_ms) exact *= 2;
  }
  return list;
}

/// The number of the exchange that each message belongs to, from 0 for the oldest; −1 for the
/// system message and the last user message.
inline std::vector<int> exchanges(const std::vector<kata::Message>& messages) {
  std::size_t last_user = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role == kata::Role::kUser) last_user = i;
  }
  std::vector<int> numbers;
  int number = -1;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const kata::Role role = messages[i].role;
    const bool starts =
        role == (i < last_user ? kata::Role::kUser : kata::Role::kAssistant) && i != last_user;
    if (starts) ++number;
    numbers.push_back(role == kata::Role::kSystem || i == last_user ? -1 : number);
  }
  return numbers;
}

/// Which messages are sent: tries to leave out 0, 1, 2 … exchanges. Empty if nothing fits.
inline std::vector<std::size_t> sent(const std::vector<kata::Message>& messages,
                                     std::int64_t max_tokens) {
  const std::vector<int> numbers = exchanges(messages);
  for (int left_out = 0; left_out <= static_cast<int>(messages.size()); ++left_out) {
    std::vector<std::size_t> chosen;
    std::int64_t tokens = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (numbers[i] >= 0 && numbers[i] < left_out) continue;
      chosen.push_back(i);
      tokens += kata::count_tokens(messages[i]);
    }
    if (tokens <= max_tokens) return chosen;
  }
  return {};
}

}  // namespace oracle
