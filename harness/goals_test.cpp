#include "goals.h"

#include <gtest/gtest.h>

#include "fault.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

BenchReport report_at(const std::string& simd_level, double fast_s) {
  BenchReport report;
  report.fingerprint.facts = {{"SIMD level", simd_level}};
  BenchProblem problem;
  problem.kernel = "softmax";
  problem.shape = "64x128256";
  problem.dtype = "f32";
  BenchSeries series;
  series.name = "cold";
  for (int round = 0; round < 15; ++round) {
    series.samples["fast"].push_back({round, 1, fast_s, fast_s});
    series.samples["libtorch"].push_back({round, 1, 1.0, 1.0});
  }
  problem.series.push_back(series);
  report.problems.push_back(problem);
  return report;
}

std::vector<Goal> goals_from(const std::string& text) {
  const TemporaryFolder folder;
  write_text_file(folder.path() / "goals.toml", text);
  return read_goals(folder.path() / "goals.toml");
}

constexpr char kSoftmax[] =
    "[[goal]]\nkernel = \"softmax\"\nshape = \"64x128256\"\navx512 = 1.4\navx2 = 1.6\n";

TEST(Goals, TheColumnIsThatOfTheMachine) {
  const auto goals = goals_from(kSoftmax);
  EXPECT_TRUE(judge_goals(goals, report_at("AVX512", 1 / 1.5)).at(0).met());
  EXPECT_FALSE(judge_goals(goals, report_at("AVX2", 1 / 1.5)).at(0).met());
}

TEST(Goals, WhatWasNotMeasuredIsNotMet) {
  const auto goals =
      goals_from("[[goal]]\nkernel = \"softmax\"\nshape = \"other\"\navx512 = 0.1\navx2 = 0.1\n");
  const auto results = judge_goals(goals, report_at("AVX2", 0.1));
  EXPECT_FALSE(results.at(0).met());
  EXPECT_NE(render_goals(results, "AVX2", {}).find("not measured"), std::string::npos);
}

TEST(Goals, AGoalWithoutAFigureForThisMachineIsLeftOut) {
  const auto goals =
      goals_from("[[goal]]\nkernel = \"softmax\"\nshape = \"64x128256\"\navx512 = 1.4\n");
  EXPECT_EQ(judge_goals(goals, report_at("AVX2", 1)).size(), 0U);
}

TEST(Goals, EachProblemIsMeasuredOnceWithWhatItIsHeldAgainst) {
  const auto items = items_of(
      goals_from(std::string(kSoftmax) +
                 "[[goal]]\nkernel = \"softmax\"\nshape = \"64x128256\"\nseries = \"hot\"\n"
                 "against = \"composed\"\n[[goal]]\nkernel = \"softmax\"\nshape = \"other\"\n"));
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].rungs, (std::vector<std::string>{"fast", "libtorch", "composed"}));
  EXPECT_EQ(items[1].rungs, (std::vector<std::string>{"fast", "libtorch"}));
}

TEST(Goals, AFigureFromARestlessMachineIsMarked) {
  const auto goals = goals_from(kSoftmax);
  BenchReport report = report_at("AVX2", 0.5);
  for (int round = 0; round < 15; ++round) {
    report.problems[0].series[0].samples["control"].push_back({round, 1, 1.0, 1.0});
  }
  EXPECT_TRUE(judge_goals(goals, report).at(0).quiet());
  for (int round = 0; round < 15; round += 4) {
    report.problems[0].series[0].samples["control"][static_cast<std::size_t>(round)].real_s = 1.3;
  }
  const auto results = judge_goals(goals, report);
  EXPECT_FALSE(results.at(0).quiet());
  EXPECT_TRUE(results.at(0).met());
  EXPECT_NE(render_goals(results, "AVX2", {}).find("1 beyond"), std::string::npos);
}

TEST(Goals, OfFewRoundsNoIntervalIsTold) {
  std::vector<GoalResult> results = judge_goals(goals_from(kSoftmax), report_at("AVX2", 0.5));
  EXPECT_NE(render_goals(results, "AVX2", {}).find("2.00 ["), std::string::npos);
  results.at(0).reached.rounds = 5;
  results.at(0).reached.speed.high = 1e9;
  const std::string text = render_goals(results, "AVX2", {});
  EXPECT_NE(text.find("2.00 in 5 rounds"), std::string::npos) << text;
  EXPECT_EQ(text.find('['), std::string::npos) << text;
}

TEST(Goals, AFileWithoutAKernelIsRefused) {
  EXPECT_THROW(goals_from("[[goal]]\nshape = \"x\"\n"), Fault);
  EXPECT_THROW(goals_from("goal = 1\n"), Fault);
  EXPECT_THROW(goals_from("[[goal"), Fault);
}

TEST(Goals, TheProjectsOwnCanBeRead) {
  EXPECT_GT(read_goals(std::filesystem::path(UNAIDED_ROOT) / "bench/goals.toml").size(), 10U);
}

}  // namespace
}  // namespace unaided
