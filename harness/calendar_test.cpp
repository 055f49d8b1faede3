#include "calendar.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace unaided {
namespace {

class CalendarTest : public testing::Test {
 protected:
  static void use_zone(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
  void TearDown() override {
    unsetenv("TZ");
    tzset();
  }
};

TEST_F(CalendarTest, DaysAreThoseOfTheCandidatesTimeZone) {
  constexpr std::int64_t kLateEvening = 1'795'303'800'000;  // 2026-11-21 23:30 UTC
  use_zone("UTC");
  EXPECT_EQ(day_text(local_day(kLateEvening)), "2026-11-21");
  EXPECT_EQ(local_minute_text(kLateEvening), "2026-11-21 23:30");
  use_zone("UTC-2");  // two hours east
  EXPECT_EQ(day_text(local_day(kLateEvening)), "2026-11-22");
}

TEST_F(CalendarTest, ReadsDaysThatThereAre) {
  EXPECT_EQ(day_text(*parse_day("2026-12-15")), "2026-12-15");
  EXPECT_EQ(*parse_day("1970-01-02"), 1);
  EXPECT_EQ(*parse_day("2028-02-29") + 1, *parse_day("2028-03-01"));
  for (const char* text :
       {"", "2026-13-01", "2026-02-29", "2026-2-9", "15.12.2026", "2026-12-1x"}) {
    EXPECT_FALSE(parse_day(text)) << text;
  }
}

TEST_F(CalendarTest, SaysPastDaysAsPeopleDo) {
  const Day today = *parse_day("2026-11-21");
  EXPECT_EQ(weekday(today), "Saturday");
  EXPECT_EQ(past_day_text(today, today), "earlier today");
  EXPECT_EQ(past_day_text(today - 1, today), "yesterday");
  EXPECT_EQ(past_day_text(today - 4, today), "last Tuesday");
  EXPECT_EQ(past_day_text(today - 7, today), "on 2026-11-14");
}

}  // namespace
}  // namespace unaided
