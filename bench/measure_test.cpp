// The measuring against planted kernels: what is honest gets times, each cheat gets none.
#include <gtest/gtest.h>

#include "comparison.h"
#include "ladder.h"
#include "support/gate.h"
#include "support/heap.h"
#include "support/input_sets.h"
#include "support/measurement.h"
#include "support/planted.h"
#include "support/rounds.h"
#include "support/setting.h"

namespace unaided::bench {
namespace {

constexpr double kBudgetSeconds = 1;

BenchProblem measured(const Kernel& kernel, std::size_t problem = 0,
                      double budget_s = kBudgetSeconds) {
  static PeakMemory memory;
  MeasureOptions options;
  options.budget_s = budget_s;
  options.seed = 20261122;
  options.progress = [](const std::string&, double done) { EXPECT_LE(done, 1); };
  return measure_problem(kernel, kernel.problems.at(problem), kernel.rungs, memory, options);
}

const BenchRung& rung_of(const BenchProblem& problem, const std::string& name) {
  const auto rung = std::find_if(problem.rungs.begin(), problem.rungs.end(),
                                 [&](const BenchRung& one) { return one.name == name; });
  if (rung == problem.rungs.end()) throw std::runtime_error("no rung " + name);
  return *rung;
}

class Cheats : public testing::TestWithParam<std::size_t> {};

TEST_P(Cheats, AreCaughtAndHaveNoTime) {
  const Cheat cheat = planted_cheats().at(GetParam());
  const BenchProblem problem = measured(cheat.kernel);
  EXPECT_NE(rung_of(problem, kAttemptRung).failure, "") << cheat.text;
  EXPECT_EQ(rung_of(problem, kBaselineRung).failure, "") << "the innocent was blamed";
  for (const BenchSeries& series : problem.series) {
    EXPECT_EQ(series.samples.count(kAttemptRung), 0U) << cheat.text;
    EXPECT_GT(series.samples.count(kBaselineRung), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Measure, Cheats, testing::Range<std::size_t>(0, planted_cheats().size()),
                         [](const auto& info) {
                           const std::string id = planted_cheats().at(info.param).kernel.id;
                           return id.substr(id.find('_') + 1);
                         });

TEST(Measure, HonestRungsGetATimeInEveryRound) {
  const BenchProblem problem = measured(planted_kernels().front());
  ASSERT_EQ(problem.series.size(), 2U);
  for (const BenchSeries& series : problem.series) {
    for (const char* name : {"naive", "libtorch", "control", "roofline"}) {
      ASSERT_GT(series.samples.count(name), 0U) << name;
      EXPECT_GE(series.samples.at(name).size(), 3U) << name;
    }
    EXPECT_EQ(series.samples.at("libtorch").size(), series.samples.at("control").size());
  }
  for (const BenchRung& rung : problem.rungs) {
    EXPECT_EQ(rung.failure, "") << rung.name;
    EXPECT_GE(rung.calls_checked, 3) << rung.name << ": before, between and after";
  }
}

TEST(Measure, TheReportSurvivesItsJson) {
  BenchReport report;
  report.fingerprint = full_fingerprint(1, "");
  report.date = "2026-11-22T00:00:00.000+00:00";
  report.problems.push_back(measured(planted_kernels().front(), 1));
  const nlohmann::json json = bench_report_to_json(report);
  EXPECT_EQ(bench_report_to_json(bench_report_from_json(json)), json);
  EXPECT_FALSE(make_ladders(report).empty());
}

TEST(Measure, ACacheOfWholeContentsNeverHits) {
  Kernel kernel = planted_kernels().front();
  const auto solve = kernel.rungs.back().run;
  std::set<std::size_t> met;  // hashes
  int hits = 0;
  kernel.rungs.push_back({kAttemptRung,
                          "",
                          [&](const Problem& problem, const Tensors& inputs) {
                            const auto* bytes = static_cast<const char*>(inputs[0].data_ptr());
                            const std::string_view contents(bytes, inputs[0].nbytes());
                            hits +=
                                met.insert(std::hash<std::string_view>()(contents)).second ? 0 : 1;
                            return solve(problem, inputs);
                          },
                          {}});
  EXPECT_EQ(rung_of(measured(kernel), kAttemptRung).failure, "");
  // The gate itself repeats inputs once, and the first call is repeated to learn its time.
  EXPECT_LE(hits, 2);
  EXPECT_GT(met.size(), 10U);
}

TEST(InputSets, NoTwoCallsSeeTheSame) {
  const Kernel kernel = planted_kernels().front();
  InputSets sets(kernel.problems.front(), 2, 1);
  std::vector<Tensors> seen;
  for (int call = 0; call < 12; ++call) {
    const Tensors now = cloned(sets.next());
    for (const Tensors& earlier : seen) EXPECT_FALSE(same_bytes(now, earlier));
    seen.push_back(now);
  }
}

TEST(InputSets, KnowWhatTheyShouldHold) {
  const Kernel kernel = planted_kernels().front();
  InputSets sets(kernel.problems.front(), 1, 1);
  Tensors set = sets.next();
  EXPECT_TRUE(same_bytes(sets.expected(), set));
  set[0].flatten()[17] += 1;
  EXPECT_FALSE(same_bytes(sets.expected(), set));
}

TEST(InputSets, WhatWasTouchedIsToldOnceAndMended) {
  const Kernel kernel = planted_kernels().front();
  InputSets sets(kernel.problems.front(), 3, 1);
  Tensors first = sets.next();
  sets.next();
  EXPECT_TRUE(sets.untouched());
  Tensors second = sets.next();
  second[0].flatten()[17] += 1;
  sets.next();
  EXPECT_FALSE(sets.untouched());
  EXPECT_TRUE(sets.untouched());
  for (int call = 0; call < 3; ++call) {
    const Tensors& set = sets.next();
    EXPECT_TRUE(same_bytes(sets.expected(), set));
  }
}

TEST(InputSets, RotateThroughMoreThanTheCache) {
  Problem problem;
  problem.bytes_min = 1 << 20;
  EXPECT_GT(cold_set_count(problem, 32 << 20), 64);
  problem.bytes_min = 1 << 30;
  EXPECT_EQ(cold_set_count(problem, 32 << 20), 1);
}

/// All but the few bytes in which the allocator keeps its books.
TEST(Heap, WhatIsReadFromFreedMemoryIsGarbage) {
  const Tensors like{torch::zeros({1000, 1000})};
  poison_freed_memory(like, Garbage::kNotANumber);
  EXPECT_GT(torch::empty({1000, 1000}).isnan().sum().item<std::int64_t>(), 999'000);
  poison_freed_memory(like, Garbage::kNumbers);
  EXPECT_GT(torch::empty({1000, 1000}).isfinite().sum().item<std::int64_t>(), 999'000);
}

TEST(Heap, PeakMemoryIsThatOfTheCall) {
  PeakMemory memory;
  memory.start();
  { const torch::Tensor scratch = torch::ones({16 << 20}, torch::kUInt8); }
  EXPECT_NEAR(static_cast<double>(memory.bytes()), 16 << 20, 4 << 20);
  memory.start();
  EXPECT_LT(memory.bytes(), 4 << 20);
}

TEST(Rounds, EveryContestantRunsOncePerRoundInChangingOrder) {
  std::vector<std::string> order;
  std::vector<Contestant> contestants;
  for (const char* name : {"a", "b", "c", "d"}) {
    contestants.push_back({name, [] {}, [&order, name] { order.emplace_back(name); }, [](bool) {}});
    contestants.back().warm_calls = 0;
  }
  contestants.back().every = 4;
  std::mt19937_64 random(1);
  std::set<std::vector<std::string>> orders;
  for (int round = 0; round < 8; ++round) {
    order.clear();
    const auto samples = run_round(contestants, round, random);
    EXPECT_EQ(samples.size(), round < 3 || round % 4 == 0 ? 4U : 3U);
    orders.insert(order);
    std::vector<std::string> timed;
    for (const Sample& sample : samples) timed.push_back(contestants[sample.contestant].name);
    EXPECT_EQ(timed, order) << "a time belongs to what ran";
  }
  EXPECT_GT(orders.size(), 3U);
}

TEST(Gate, AnExceptionAndAMissingOutputAreFailures) {
  const Kernel kernel = planted_kernels().front();
  const Problem& problem = kernel.problems.front();
  Finding thrown;
  check_attempt(problem,
                {"yours",
                 "",
                 [](const Problem&, const Tensors&) -> Tensors { throw std::runtime_error("no"); },
                 {}},
                1, thrown);
  EXPECT_NE(thrown.failure.find("it threw: no"), std::string::npos);
  Finding missing;
  check_attempt(problem,
                {"yours", "", [](const Problem&, const Tensors&) { return Tensors{{}}; }, {}}, 1,
                missing);
  EXPECT_NE(missing.failure.find("undefined"), std::string::npos);
}

}  // namespace
}  // namespace unaided::bench

int main(int argc, char** argv) {
  unaided::bench::keep_heap_warm();
  unaided::bench::settle(/*threads=*/1);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
