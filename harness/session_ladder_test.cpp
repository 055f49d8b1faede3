#include "session_ladder.h"

#include <gtest/gtest.h>

#include "bench_stage.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

class SessionLadderTest : public testing::Test {
 protected:
  TemporaryFolder base_;
  SessionFolder folder_{base_.path() / "20261121-1405-attention-l2"};
};

TEST_F(SessionLadderTest, GivesBackWhatWasKeptLast) {
  EXPECT_FALSE(kept_ladder(folder_).report);
  EXPECT_EQ(kept_ladder(folder_).problem, "");
  write_text_file(folder_.journal(), "");
  keep_ladder(folder_, staged_report());
  keep_ladder(folder_, staged_report(/*yours_s=*/0.45));
  const KeptLadder kept = kept_ladder(folder_);
  ASSERT_TRUE(kept.report);
  EXPECT_EQ(kept.report->fingerprint, staged_report().fingerprint);
  EXPECT_EQ(kept.report->date, staged_report().date);
  ASSERT_EQ(own_times(*kept.report).size(), 1u);
  EXPECT_NEAR(own_times(*kept.report)[0].time_s, 0.45, 1e-9);
}

TEST_F(SessionLadderTest, ADamagedOneIsSaidAndNothingIsDeleted) {
  write_text_file(folder_.ladder(), "{\"context\": {}}");
  const KeptLadder kept = kept_ladder(folder_);
  EXPECT_FALSE(kept.report);
  EXPECT_NE(kept.problem.find("`debrief --bench 20261121-1405-attention-l2` measures again"),
            std::string::npos)
      << kept.problem;
  EXPECT_EQ(kept.problem.find('\n'), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder_.ladder()));
}

TEST(OwnTimes, AreThoseOfTheAttemptWithTheirMachine) {
  const std::vector<OwnTime> times = own_times(staged_report());
  ASSERT_EQ(times.size(), 1u);
  EXPECT_EQ(times[0].kernel, "softmax");
  EXPECT_EQ(times[0].problem, "64x128256 f32, cold");
  EXPECT_EQ(times[0].machine.find("a processor, cores: 2"), 0u) << times[0].machine;
  EXPECT_NEAR(times[0].time_s, 0.8, 0.01);
  EXPECT_NEAR(times[0].speed, 1.25, 0.01);
  EXPECT_LE(times[0].speed_low, times[0].speed);
  EXPECT_GE(times[0].speed_high, times[0].speed);
  EXPECT_EQ(times[0].standing, "FASTER");
}

TEST(OwnTimes, AWrongAttemptHasNone) {
  BenchReport report = staged_report();
  report.problems[0].rungs[3].failure = "its result is wrong";
  report.problems[0].series[0].samples.erase("yours");
  EXPECT_TRUE(own_times(report).empty());
}

}  // namespace
}  // namespace unaided
