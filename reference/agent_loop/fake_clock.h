#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "level3.h"
#include "transcript.h"

namespace stage {

/// Stands still unless somebody waits or a script moves it. It does not start at 0, so that a start
/// plus a limit without end would overflow.
class FakeClock : public kata::Clock {
 public:
  std::vector<std::int64_t> waits;

  std::int64_t now_ms() const override { return now_ms_; }

  void wait_ms(std::int64_t duration) override {
    waits.push_back(duration);
    advance(duration);
  }

  void advance(std::int64_t duration) {
    constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
    now_ms_ = duration > kEnd - now_ms_ ? kEnd : now_ms_ + duration;
  }

  void expect_waits(const std::vector<std::int64_t>& expected) const {
    const auto text = [](const std::vector<std::int64_t>& list, std::size_t i) {
      return i < list.size() ? std::to_string(list[i]) + " ms" : "none";
    };
    for (std::size_t i = 0; i < std::max(waits.size(), expected.size()); ++i) {
      if (text(waits, i) == text(expected, i)) continue;
      return transcript::fail("wait " + std::to_string(i) + ": expected " + text(expected, i) +
                              ", got " + text(waits, i) + "; " + std::to_string(waits.size()) +
                              " waits in all, expected " + std::to_string(expected.size()));
    }
  }

 private:
  std::int64_t now_ms_ = 1'700'000'000'000;
};

inline std::string retry_text(const kata::RetryPolicy& retry) {
  return "max_retries " + std::to_string(retry.max_retries) + ", base_ms " +
         std::to_string(retry.base_ms) + ", cap_ms " + std::to_string(retry.cap_ms);
}

}  // namespace stage
