#include "seal_verification.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

bool hides(const SealPlan& plan, Channel channel, const fs::path& path) {
  return std::any_of(plan.hidden.begin(), plan.hidden.end(), [&](const SealPlan::Hidden& entry) {
    return entry.channel == channel && entry.path == path;
  });
}

TEST(SealPlanOfAnInstallationTest, ShowsLibTorchAndHidesWhatJudges) {
  const TemporaryFolder folder;
  Installation installation;
  installation.root = folder.path() / "checkout";
  installation.build = folder.path() / "build";
  installation.libtorch_include = {"/opt/torch/include"};
  installation.libtorch_lib = "/opt/torch/lib";
  write_text_file(installation.root / "reference/attention/attention.cpp", "solution");
  write_text_file(installation.build / "checks/attention.so", "checks");
  const SealPlan plan = seal_plan(installation, "/work", "/home", "/socket");
  EXPECT_EQ(plan.client, installation.build / "unaided");
  EXPECT_EQ(plan.read_only, (std::vector<fs::path>{"/opt/torch/include", "/opt/torch/lib"}));
  EXPECT_TRUE(hides(plan, Channel::kMaterial, installation.root / "reference"));
  EXPECT_TRUE(hides(plan, Channel::kMaterial, installation.build / "checks"));
  for (const std::string& argument : seal_arguments(plan, {})) {
    EXPECT_FALSE(argument.starts_with(installation.root.string())) << argument;
  }
}

TEST(SeatInspectionTest, NoSeatIsAGoodOne) {
  const std::vector<SealFinding> findings = inspect_seat(SeatInfo{}, SealPlan{});
  EXPECT_TRUE(std::any_of(findings.begin(), findings.end(),
                          [](const SealFinding& finding) { return !finding.held; }));
}

TEST(SeatInspectionTest, AProcessOutsideAnySeatIsNotOne) {
  const SeatInfo here{getpid(), namespace_of(getpid(), "pid")};
  for (const SealFinding& finding : inspect_seat(here, SealPlan{})) {
    if (finding.channel == Channel::kInternet || finding.channel == Channel::kProcesses) {
      EXPECT_FALSE(finding.held) << finding.how;
    }
  }
}

}  // namespace
}  // namespace unaided
