#include "clock.h"

#include <gtest/gtest.h>

#include "fault.h"

namespace unaided {
namespace {

const Moment kStart{"boot-a", 5000, 1795269909123};

TEST(Clock, WritesUtcWithItsOffsetAndReadsItBack) {
  EXPECT_EQ(utc_text(1795269909123), "2026-11-21T14:05:09.123+00:00");
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00.000+00:00");
  EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59.999+00:00");
  EXPECT_EQ(parse_utc("2026-11-21T14:05:09.123+00:00"), 1795269909123);
  for (const char* text : {"", "2026-11-21", "2026-11-21T14:05:09.123+01:00",
                           "2026-02-31T14:05:09.123+00:00", "2026-11-21T14:05:09.123+00:00 "}) {
    EXPECT_EQ(parse_utc(text), std::nullopt) << text;
  }
}

TEST(Clock, MeasuresOnTheBootClockWhateverTheDateDoes) {
  Moment end = later(kStart, 60'000);
  end.utc_ms -= 3'600'000;  // somebody set the date back
  EXPECT_EQ(elapsed(kStart, end).ms, 60'000);
  EXPECT_FALSE(elapsed(kStart, end).by_wall_clock);
}

TEST(Clock, FallsBackToTheWallAfterARebootAndSaysSo) {
  FakeClock clock(kStart);
  clock.advance(1000);
  clock.reboot(30'000);
  EXPECT_EQ(elapsed(kStart, clock.now()).ms, 31'000);
  EXPECT_TRUE(elapsed(kStart, clock.now()).by_wall_clock);
  EXPECT_TRUE(elapsed({"", 0, 0}, {"", 0, 7}).by_wall_clock) << "an unknown boot is never the same";
}

TEST(Clock, DurationsReadLikeAClock) {
  EXPECT_EQ(duration_text(725'900), "12:05");
  EXPECT_EQ(duration_text(3'723'000), "1:02:03");
  EXPECT_EQ(duration_text(-5), "0:00");
}

TEST(Clock, MomentsSurviveJson) {
  EXPECT_EQ(nlohmann::json(kStart).get<Moment>(), kStart);
  nlohmann::json forged = kStart;
  forged["utc"] = "yesterday";
  EXPECT_THROW(forged.get<Moment>(), Fault);
}

TEST(SystemClock, MovesForward) {
  const SystemClock clock;
  const Moment first = clock.now();
  EXPECT_FALSE(first.boot_id.empty());
  EXPECT_GE(elapsed(first, clock.now()).ms, 0);
}

}  // namespace
}  // namespace unaided
