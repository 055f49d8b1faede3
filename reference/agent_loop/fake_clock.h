#pragma once

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
    if (waits == expected) return;
    transcript::fail("the clock was asked to wait [" + list(waits) + "] ms, expected [" +
                     list(expected) + "]");
  }

 private:
  static std::string list(const std::vector<std::int64_t>& numbers) {
    std::string text;
    for (const std::int64_t number : numbers) {
      text += (text.empty() ? "" : ", ") + std::to_string(number);
    }
    return text;
  }

  std::int64_t now_ms_ = 1'700'000'000'000;
};

}  // namespace stage
