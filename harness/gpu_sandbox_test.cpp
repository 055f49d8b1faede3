#include "gpu_sandbox.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fault.h"

namespace unaided {
namespace {

bool has(const std::vector<std::string>& all, const std::vector<std::string>& part) {
  return std::search(all.begin(), all.end(), part.begin(), part.end()) != all.end();
}

GpuSurvey survey_with(const std::string& library) {
  GpuSurvey survey;
  survey.library = library;
  survey.nodes = {"/dev/nvidia0", "/dev/nvidiactl"};
  return survey;
}

TEST(ShowGpus, NodesAndSysAreVisibleInsideBeforeDevIsClosed) {
  SandboxPolicy policy;
  show_gpus(survey_with("/usr/lib/x86_64-linux-gnu/libcuda.so.580"), policy);
  const auto arguments = bubblewrap_arguments(policy);
  EXPECT_TRUE(has(arguments, {"--dev-bind", "/dev/nvidia0", "/dev/nvidia0"}));
  EXPECT_TRUE(has(arguments, {"--dev-bind", "/dev/nvidiactl", "/dev/nvidiactl"}));
  EXPECT_TRUE(has(arguments, {"--ro-bind", "/sys", "/sys"}));
  const auto closed = std::find(arguments.begin(), arguments.end(), "--remount-ro");
  EXPECT_LT(std::find(arguments.begin(), arguments.end(), "/dev/nvidiactl"), closed);
}

TEST(ShowGpus, ALibraryElsewhereIsShownAndFound) {
  SandboxPolicy policy;
  show_gpus(survey_with("/run/opengl-driver/lib/libcuda.so.1"), policy);
  const auto arguments = bubblewrap_arguments(policy);
  EXPECT_TRUE(has(arguments, {"--ro-bind", "/run/opengl-driver/lib", "/run/opengl-driver/lib"}));
  EXPECT_TRUE(has(policy.environment, {"LD_LIBRARY_PATH=/run/opengl-driver/lib"}));
}

TEST(ShowGpus, WithoutItASandboxHasNoDevice) {
  const auto arguments = bubblewrap_arguments({});
  EXPECT_FALSE(has(arguments, {"--dev-bind"}));
  EXPECT_FALSE(has(arguments, {"/sys"}));
}

constexpr const char* kSeen = R"({"absence": "", "gpus": [{"index": 0, "bus": "0000:01:00.0"}]})";

std::string fault_of(const std::string& output) {
  try {
    judge_gpus_seen(output, Gpu{.index = 0, .name = "a card", .bus = "0000:01:00.0"});
    return {};
  } catch (const Fault& fault) {
    return fault.what();
  }
}

TEST(JudgeGpusSeen, TheSameCardUnderItsNumberWillDo) {
  EXPECT_EQ(fault_of(kSeen), "");
}

TEST(JudgeGpusSeen, AHiddenCardIsAFaultWithItsCause) {
  const std::string fault = fault_of(R"({"absence": "libcuda is gone", "gpus": []})");
  EXPECT_NE(fault.find("a card) is not seen inside the sandbox: libcuda is gone"),
            std::string::npos)
      << fault;
}

TEST(JudgeGpusSeen, AnotherCardUnderThatNumberIsAFault) {
  const std::string fault =
      fault_of(R"({"absence": "", "gpus": [{"index": 0, "bus": "0000:02:00.0"}]})");
  EXPECT_NE(fault.find("another card"), std::string::npos) << fault;
}

TEST(JudgeGpusSeen, AProbeThatDidNotRunIsAFault) {
  EXPECT_NE(fault_of("bwrap: no such file").find("bwrap: no such file"), std::string::npos);
}

}  // namespace
}  // namespace unaided
