#include "bench_report.h"

#include <gtest/gtest.h>

#include "bench_stage.h"
#include "fault.h"

namespace unaided {
namespace {

using nlohmann::json;

TEST(BenchReport, SurvivesItsJson) {
  const json document = bench_report_to_json(staged_report());
  EXPECT_EQ(bench_report_to_json(bench_report_from_json(document)), document);
}

TEST(BenchReport, HasTheFieldsOfGoogleBenchmark) {
  const json document = bench_report_to_json(staged_report());
  for (const char* key : {"date", "num_cpus", "caches", "library_build_type"}) {
    EXPECT_TRUE(document["context"].contains(key)) << key;
  }
  for (const json& one : document["benchmarks"]) {
    for (const char* key : {"name", "run_name", "run_type", "real_time", "cpu_time", "time_unit",
                            "iterations", "repetitions", "repetition_index", "family_index"}) {
      EXPECT_TRUE(one.contains(key)) << key;
    }
  }
}

TEST(BenchReport, AWrongRungIsAnErrorWithoutATime) {
  BenchReport report = staged_report();
  report.problems[0].rungs[3].failure = "its result is wrong";
  report.problems[0].series[0].samples.erase("yours");
  const json document = bench_report_to_json(report);
  int errors = 0;
  for (const json& one : document["benchmarks"]) {
    if (!one["name"].get<std::string>().ends_with("/yours")) continue;
    ++errors;
    EXPECT_TRUE(one["error_occurred"]);
    EXPECT_EQ(one["real_time"], 0.0);
  }
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(bench_report_from_json(document).problems[0].series[0].samples.count("yours"), 0U);
}

/// The document with one value replaced.
json with(const json::json_pointer& where, const json& value) {
  json document = bench_report_to_json(staged_report());
  document[where] = value;
  return document;
}

TEST(BenchReport, WhatCannotBeIsRefused) {
  const auto problem = json::json_pointer("/context/unaided/problems/0");
  const auto sample = json::json_pointer("/benchmarks/0");
  EXPECT_THROW(bench_report_from_json(with(sample / "real_time", 0.0)), Fault);
  EXPECT_THROW(bench_report_from_json(with(sample / "real_time", -1.0)), Fault);
  EXPECT_THROW(bench_report_from_json(with(sample / "real_time", "fast")), Fault);
  EXPECT_THROW(bench_report_from_json(with(sample / "round", 1e9)), Fault);
  EXPECT_THROW(bench_report_from_json(with(sample / "name", "softmax/64x128256/f32/cold/other")),
               Fault);
  EXPECT_THROW(bench_report_from_json(with(problem / "flops", -1)), Fault);
  EXPECT_THROW(bench_report_from_json(with(problem / "text", std::string(100'000, 'x'))), Fault);
  EXPECT_THROW(bench_report_from_json(with(problem / "rungs", json::object())), Fault);
  EXPECT_THROW(bench_report_from_json(json::object()), Fault);
  EXPECT_THROW(bench_report_from_json(json::array()), Fault);
}

TEST(BenchReport, ATimeOfARungThatWasWrongIsRefused) {
  const auto failure = json::json_pointer("/context/unaided/problems/0/rungs/3/failure");
  EXPECT_THROW(bench_report_from_json(with(failure, "its result is wrong")), Fault);
}

}  // namespace
}  // namespace unaided
