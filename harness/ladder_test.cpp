#include "ladder.h"

#include <gtest/gtest.h>

#include "bench_comparison.h"
#include "bench_stage.h"
#include "render_ladder.h"
#include "text_layout.h"

namespace unaided {
namespace {

/// How many columns a line of UTF-8 takes.
std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

const LadderRow& row_of(const Ladder& ladder, const std::string& name) {
  return *std::find_if(ladder.rows.begin(), ladder.rows.end(),
                       [&](const LadderRow& row) { return row.rung->name == name; });
}

TEST(Ladder, ComparesEachRungWithLibTorchInTheRoundsOfBoth) {
  const BenchReport report = staged_report();
  const Ladder ladder = make_ladders(report).at(0);
  EXPECT_NEAR(row_of(ladder, "fast").comparison.speed.median, 2, 0.01);
  EXPECT_EQ(row_of(ladder, "fast").comparison.standing, Standing::kFaster);
  EXPECT_EQ(row_of(ladder, "yours").comparison.rounds, 15U);
  EXPECT_EQ(row_of(ladder, "naive").comparison.rounds, 3U);
  EXPECT_EQ(row_of(ladder, "naive").comparison.standing, Standing::kSlower);
}

TEST(Ladder, RatesAreHeldAgainstTheMeasuredLimit) {
  const BenchReport report = staged_report();
  const Ladder ladder = make_ladders(report).at(0);
  EXPECT_NEAR(ladder.limit_rate, 4e8, 1e6);
  EXPECT_NEAR(row_of(ladder, "libtorch").roofline, 0.25, 0.01);
  EXPECT_FALSE(row_of(ladder, "fast").impossible());
}

TEST(Ladder, ATimeUnderTheLimitIsImpossible) {
  const BenchReport report = staged_report(/*yours_s=*/0.1);
  EXPECT_TRUE(row_of(make_ladders(report).at(0), "yours").impossible());
  EXPECT_NE(render_ladders(report, {}).find("impossible: yours is faster than the copy bandwidth"),
            std::string::npos);
}

TEST(Ladder, MemoryBoundsNoHotCall) {
  BenchReport report = staged_report(/*yours_s=*/0.1);
  report.problems[0].series[0].name = "hot";
  EXPECT_EQ(row_of(make_ladders(report).at(0), "yours").roofline, 0);
}

TEST(Ladder, AControlThatDiffersMakesEverythingUnclear) {
  BenchReport report = staged_report();
  auto& samples = report.problems[0].series[0].samples;
  samples["control"].clear();
  add_rounds(report.problems[0].series[0], "control", 1.2, 15);
  const Ladder ladder = make_ladders(report).at(0);
  EXPECT_FALSE(ladder.control_holds());
  for (const LadderRow& row : ladder.rows) {
    EXPECT_EQ(row.comparison.standing, Standing::kUnclear) << row.rung->name;
  }
  EXPECT_NE(render_ladders(report, {}).find("UNCLEAR throughout"), std::string::npos);
}

TEST(Ladder, AWrongRungHasNoTime) {
  BenchReport report = staged_report();
  report.problems[0].rungs[3].failure = "its result is wrong: off by 1, allowed are 1e-05";
  report.problems[0].series[0].samples.erase("yours");
  EXPECT_TRUE(any_rung_failed(report));
  EXPECT_FALSE(any_rung_failed(staged_report()));
  const std::string text = render_ladders(report, {});
  EXPECT_NE(text.find("yours    no time: its result is wrong"), std::string::npos) << text;
}

TEST(Ladder, TheAttemptIsToldWhatTheNextRungDoes) {
  const std::string text = render_ladders(staged_report(), {});
  EXPECT_NE(text.find("Yours takes 800 ms, 1.25 times LibTorch's speed (FASTER)."),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("what fast does."), std::string::npos) << text;
  EXPECT_EQ(text.find("what naive does."), std::string::npos) << text;
  const std::string best = render_ladders(staged_report(/*yours_s=*/0.45), {});
  EXPECT_NE(best.find("No rung is faster."), std::string::npos) << best;
}

TEST(Ladder, FitsEightyColumns) {
  BenchReport report = staged_report();
  report.problems[0].series[0].disturbances = {std::string(30, 'x') + " " + std::string(60, 'y')};
  for (const bool utf8 : {false, true}) {
    Terminal terminal;
    terminal.utf8 = utf8;
    const std::string ladders = render_ladders(report, terminal);
    for (const std::string_view line : split_lines(ladders)) {
      EXPECT_LE(columns(line), 80U) << line;
    }
    const std::string bar = render_progress(0.5, 12, std::string(200, 'x'), terminal);
    EXPECT_LE(columns(bar), 80U);
  }
}

TEST(Ladder, WithoutColourThereAreNoEscapes) {
  EXPECT_EQ(render_ladders(staged_report(), {}).find('\x1b'), std::string::npos);
  Terminal colour;
  colour.colour = true;
  EXPECT_NE(render_ladders(staged_report(), colour).find('\x1b'), std::string::npos);
}

TEST(Ladder, HostileWordsAreStripped) {
  BenchReport report = staged_report();
  report.problems[0].rungs[3].failure = "\x1b[2Jgone";
  report.problems[0].series[0].samples.erase("yours");
  EXPECT_EQ(render_ladders(report, {}).find('\x1b'), std::string::npos);
}

TEST(Ladder, JsonHasAVerdictForEachTimedRung) {
  const nlohmann::json json = ladders_to_json(staged_report());
  EXPECT_EQ(json.at(0).at("rows").size(), 4U);
  EXPECT_EQ(json.at(0).at("rows").at(2).at("verdict"), "FASTER");
}

TEST(BenchComparison, AMachineThatIsSlowerAsAWholeChangesNothing) {
  BenchReport slower = staged_report();
  for (auto& [name, samples] : slower.problems[0].series[0].samples) {
    for (BenchSample& sample : samples) sample.real_s *= 1.5;
  }
  for (const RungChange& change : compare_reports(staged_report(), slower)) {
    EXPECT_NEAR(change.speed.speed.median, 1, 1e-6) << change.rung;
  }
}

TEST(BenchComparison, AFasterAttemptIsFaster) {
  const auto changes = compare_reports(staged_report(0.8), staged_report(0.6));
  const auto yours = std::find_if(changes.begin(), changes.end(),
                                  [](const RungChange& one) { return one.rung == "yours"; });
  ASSERT_NE(yours, changes.end());
  EXPECT_EQ(yours->speed.standing, Standing::kFaster);
  EXPECT_EQ(changes.size(), 3U) << "the baseline is not compared with itself";
  EXPECT_NE(render_changes(changes, {}).find("FASTER"), std::string::npos);
}

TEST(BenchComparison, ReportsOfDifferentProblemsHaveNothingInCommon) {
  BenchReport other = staged_report();
  other.problems[0].shape = "other";
  EXPECT_TRUE(compare_reports(staged_report(), other).empty());
}

}  // namespace
}  // namespace unaided
