#include "report_json.h"

#include <gtest/gtest.h>

#include "fault.h"
#include "text_file.h"

namespace unaided {
namespace {

using nlohmann::json;

GradeReport full_report() {
  GradeReport report;
  report.kata = "attention";
  report.snapshot_hash = "0123abcd";
  report.first_level = 1;
  report.last_level = 2;
  report.seed = 18446744073709551615u;
  report.outcome = Outcome::kMemoryLimit;
  report.message = "a \"quoted\" line\nand another";
  report.limits_not_held = {"network"};
  report.compile_ms = 410.5;
  report.total_ms = 640.25;
  CheckVerdict verdict;
  verdict.check = {2, "CausalMask", "AlignsToTheLowerRight", true, true};
  verdict.outcome = Outcome::kMemoryLimit;
  verdict.message = "used 300 MB";
  verdict.output = "printed\n";
  verdict.wall_ms = 12.5;
  verdict.memory_kb = 307200;
  report.checks = {verdict, CheckVerdict{}};
  return report;
}

TEST(ReportJson, ComesBackUnchangedThroughText) {
  const GradeReport report = full_report();
  const GradeReport back = report_from_json(json::parse(report_to_json(report).dump()));
  EXPECT_EQ(report_to_json(back), report_to_json(report));
  EXPECT_EQ(back.seed, report.seed);
  EXPECT_EQ(back.checks[0].check, report.checks[0].check);
  EXPECT_EQ(back.checks[0].outcome, Outcome::kMemoryLimit);
  EXPECT_EQ(back.message, report.message);
  EXPECT_EQ(back.limits_not_held, report.limits_not_held);
}

TEST(ReportJson, NamesTheDeviceOfAKernelKataOnly) {
  GradeReport report = full_report();
  EXPECT_FALSE(report_to_json(report).contains("device"));
  report.device = kEmulatedDevice;
  EXPECT_EQ(report_to_json(report).at("device"), "emulated");
  EXPECT_EQ(report_from_json(report_to_json(report)).device, kEmulatedDevice);
}

TEST(ReportJson, HasWhatAToolFoundWhereOneWasAskedFor) {
  GradeReport report = full_report();
  EXPECT_FALSE(report_to_json(report).contains("sanitizer"));
  report.sanitizer = {"racecheck", 2, "Race reported\n    at a.cu:3\n", "it took long"};
  const GradeReport back = report_from_json(json::parse(report_to_json(report).dump()));
  ASSERT_TRUE(back.sanitizer);
  EXPECT_EQ(back.sanitizer->tool, "racecheck");
  EXPECT_EQ(back.sanitizer->errors, 2);
  EXPECT_EQ(back.sanitizer->text, report.sanitizer->text);
  EXPECT_EQ(back.sanitizer->trouble, "it took long");
}

TEST(ReportJson, HasTheCountsAndTheExitCodeForPrograms) {
  const json object = report_to_json(full_report());
  EXPECT_EQ(object.at("schema"), kReportSchema);
  EXPECT_EQ(object.at("passed"), 0);
  EXPECT_EQ(object.at("total"), 2);
  EXPECT_EQ(object.at("exit_code"), 2);
  EXPECT_EQ(object.at("outcome"), "memory_limit");
  EXPECT_EQ(object.at("seed"), "18446744073709551615");
}

TEST(ReportJson, RefusesANewerSchema) {
  json object = report_to_json(full_report());
  object["schema"] = kReportSchema + 1;
  EXPECT_THROW(report_from_json(object), Fault);
}

TEST(ReportJson, NamesTheKeyThatIsMissingOrWrong) {
  const struct {
    const char* key;
    json value;
  } cases[] = {{"kata", 7}, {"outcome", "splendid"}, {"seed", "12x"}, {"checks", json::array({1})}};
  for (const auto& [key, value] : cases) {
    json object = report_to_json(full_report());
    object[key] = value;
    EXPECT_THROW(report_from_json(object), Fault) << key;
    object.erase(key);
    try {
      report_from_json(object);
      ADD_FAILURE() << key << " is missing and nobody noticed";
    } catch (const Fault& fault) {
      EXPECT_NE(std::string(fault.what()).find(key), std::string::npos) << fault.what();
    }
  }
}

TEST(ReportJson, EveryKeyAndOutcomeIsDocumented) {
  const std::string page = read_text_file(UNAIDED_ROOT "/docs/json.md", 1 << 20);
  const auto documented = [&page](const std::string& word) {
    return page.find("`" + word + "`") != std::string::npos;
  };
  const json report = file_report_to_json("a.cpp", full_report());
  for (const auto& [key, value] : report.items()) EXPECT_TRUE(documented(key)) << key;
  for (const auto& [key, value] : report["checks"][0].items()) EXPECT_TRUE(documented(key)) << key;
  for (const OutcomeRow& row : outcome_rows()) {
    EXPECT_TRUE(documented(std::string(row.id))) << row.id;
  }
  EXPECT_NE(page.find("This is schema " + std::to_string(kReportSchema)), std::string::npos);
}

}  // namespace
}  // namespace unaided
