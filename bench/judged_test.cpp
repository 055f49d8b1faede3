// The fast rungs, each behind the contract of a kata that it meets (fast_as_<kata>.cpp), judged by
// that kata's hidden checks as an attempt is. A check that is about something else, which then
// comes from the reference, would pass whatever the rung does; so each has a spoilt twin, and how
// many checks refuse that one says how many really see the rung.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "grader.h"
#include "kata.h"
#include "sandbox.h"

namespace unaided {
namespace {

struct JudgedRung {
  const char* kernel;
  const char* kata;
  int first_level;
  int last_level;
  int seen_by_min;  // checks
};

constexpr JudgedRung kRungs[] = {{"attention_prefill", "attention", 2, 2, 2},
                                 {"sampling", "decoding", 2, 3, 30},
                                 {"cross_entropy", "training_step", 2, 2, 6},
                                 {"adamw_step", "training_step", 3, 3, 3}};

std::filesystem::path library_of(const JudgedRung& rung, const std::string& suffix) {
  return std::filesystem::path(UNAIDED_BENCH_ATTEMPTS) /
         (std::string(rung.kernel) + "_as_" + rung.kata + suffix + ".so");
}

class JudgedRungs : public testing::TestWithParam<JudgedRung> {
 protected:
  GradeReport judge(const std::string& suffix) {
    Grader::Options options;
    options.sandbox = sandbox_support().available;
    Grader grader(read_installation(UNAIDED_BUILD "/installation.json"),
                  load_kata(UNAIDED_ROOT, GetParam().kata), options);
    GradeRequest request;
    request.first_level = GetParam().first_level;
    request.last_level = GetParam().last_level;
    request.slow = true;
    return grader.judge(library_of(GetParam(), suffix), request);
  }
};

TEST_P(JudgedRungs, PassTheHiddenChecks) {
  const GradeReport report = judge("");
  EXPECT_FALSE(report.checks.empty());
  for (const CheckVerdict& verdict : report.checks) {
    EXPECT_EQ(verdict.outcome, Outcome::kPassed)
        << verdict.check.behaviour << "." << verdict.check.name << ", seed " << report.seed << ": "
        << verdict.message;
  }
}

TEST_P(JudgedRungs, AreSeenByTheChecks) {
  const GradeReport report = judge("_spoilt");
  const auto refused =
      std::count_if(report.checks.begin(), report.checks.end(),
                    [](const CheckVerdict& verdict) { return verdict.outcome == Outcome::kWrong; });
  EXPECT_GE(refused, GetParam().seen_by_min);
  std::cout << refused << " of " << report.checks.size() << " checks see the rung\n";
}

INSTANTIATE_TEST_SUITE_P(Bench, JudgedRungs, testing::ValuesIn(kRungs),
                         [](const auto& info) { return std::string(info.param.kernel); });

}  // namespace
}  // namespace unaided
