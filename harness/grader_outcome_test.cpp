// Whole gradings by the real compiler and worker, of attempts that mean harm. testdata/outcomes has
// a folder for each: the attempt and the report that it must get, with bubblewrap and without. One
// grader of each kind serves all of them, so that each attempt also shows that the one before has
// broken nothing; afterwards an honest attempt must pass and nothing may be left behind.
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "grader_stage.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kOutcomes = fs::path(UNAIDED_ROOT) / "harness/testdata/outcomes";
constexpr std::size_t kAttemptBytesMax = 1 << 20;

struct Case {
  std::string name;
  bool sandbox = true;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& entry : fs::directory_iterator(kOutcomes)) {
    for (const bool sandbox : {true, false}) {
      cases.push_back({entry.path().filename().string(), sandbox});
    }
  }
  std::sort(cases.begin(), cases.end(), [](const Case& left, const Case& right) {
    return std::tie(right.sandbox, left.name) < std::tie(left.sandbox, right.name);
  });
  return cases;
}

GradeRequest request_for(const std::string& name) {
  GradeRequest request;
  request.source = read_text_file(kOutcomes / name / "mini.cpp", kAttemptBytesMax);
  return request;
}

/// The report's own message, or that of the first check that did not pass.
std::string message_of(const GradeReport& report) {
  if (!report.message.empty()) return report.message;
  for (const CheckVerdict& verdict : report.checks) {
    if (verdict.outcome != Outcome::kPassed) return verdict.message;
  }
  return {};
}

/// `ids` is the id of an outcome, or several where a busy machine decides between them.
bool is_one_of(Outcome outcome, const json& ids) {
  const json id = outcome_row(outcome).id;
  return id == ids || (ids.is_array() && std::find(ids.begin(), ids.end(), id) != ids.end());
}

void expect_checks(const json& expected, const GradeReport& report) {
  for (const auto& item : expected.items()) {
    const std::string& name = item.key();
    const auto verdict =
        std::find_if(report.checks.begin(), report.checks.end(), [&](const CheckVerdict& entry) {
          return entry.check.behaviour + "." + entry.check.name == name;
        });
    ASSERT_NE(verdict, report.checks.end()) << name;
    EXPECT_EQ(outcome_row(verdict->outcome).id, item.value()) << name << ": " << verdict->message;
  }
}

class OutcomeTest : public testing::TestWithParam<Case> {
 protected:
  static void TearDownTestSuite() { GraderStage::close(); }
};

TEST_P(OutcomeTest, IsAsExpectedAndLeavesNothing) {
  const Case& given = GetParam();
  if (given.sandbox && !sandbox_support().available) GTEST_SKIP() << sandbox_support().reason;
  GraderStage& stage = GraderStage::of(given.sandbox);
  json expected = json::parse(read_text_file(kOutcomes / given.name / "expected.json", 1 << 16));
  if (!given.sandbox) expected.merge_patch(expected.value("without_bubblewrap", json::object()));

  GradeRequest request = request_for(given.name);
  const json levels = expected.value("levels", json{1, 1});
  request.first_level = levels.at(0);
  request.last_level = levels.at(1);
  const GradeReport report = stage.grader().grade(request, nullptr, nullptr);
  const std::string message = message_of(report);
  EXPECT_TRUE(is_one_of(report.outcome, expected.at("outcome")))
      << outcome_row(report.outcome).id << " is not " << expected.at("outcome") << ": " << message;
  EXPECT_NE(message.find(expected.value("message", "")), std::string::npos) << message;
  EXPECT_EQ(exit_code(report), report.outcome == Outcome::kPassed ? 0 : 1);
  EXPECT_EQ(report.limits_not_held.empty(), given.sandbox);
  expect_checks(expected.value("checks", json::object()), report);

  const GradeReport honest = stage.grader().grade(request_for("passes"), nullptr, nullptr);
  EXPECT_EQ(honest.outcome, Outcome::kPassed) << message_of(honest);
  EXPECT_EQ(stage.strays(), "");
}

INSTANTIATE_TEST_SUITE_P(Attempts, OutcomeTest, testing::ValuesIn(all_cases()),
                         [](const testing::TestParamInfo<Case>& tested) {
                           return tested.param.name +
                                  (tested.param.sandbox ? "_in_bubblewrap" : "_without_bubblewrap");
                         });

}  // namespace
}  // namespace unaided
