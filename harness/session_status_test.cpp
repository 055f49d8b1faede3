#include "session_status.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

TEST(NextWarning, ComesAtFifteenFiveAndOneMinutes) {
  EXPECT_EQ(next_warning_ms(45 * kMinuteMs), 15 * kMinuteMs);
  EXPECT_EQ(next_warning_ms(15 * kMinuteMs + 1), 15 * kMinuteMs);
  EXPECT_EQ(next_warning_ms(15 * kMinuteMs), 5 * kMinuteMs);
  EXPECT_EQ(next_warning_ms(2 * kMinuteMs), 1 * kMinuteMs);
  EXPECT_EQ(next_warning_ms(1 * kMinuteMs), std::nullopt);
  EXPECT_EQ(next_warning_ms(-1), std::nullopt);
}

nlohmann::json status_with(std::int64_t left_ms, bool clock) {
  return {{"kata", "attention"},     {"format", "interview"},
          {"first_level", 1},        {"last_level", 4},
          {"clock", clock},          {"time_left_ms", left_ms},
          {"last_verdict", nullptr}, {"seal", "AI off: enforced"}};
}

TEST(StatusLine, AHiddenClockShowsWhenTimeIsShort) {
  EXPECT_EQ(status_line(status_with(20 * kMinuteMs, false)),
            "attention, levels 1-4 (interview) | AI off: enforced");
  EXPECT_NE(status_line(status_with(20 * kMinuteMs, true)).find("20:00"), std::string::npos);
  EXPECT_NE(status_line(status_with(4 * kMinuteMs, false)).find("bg=red"), std::string::npos);
}

}  // namespace
}  // namespace unaided
