#include "device_sanitizer.h"

#include <gtest/gtest.h>

#include "fault.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

// As its documentation shows them, with an attempt's own output between.
constexpr const char* kMemcheck = R"(========= COMPUTE-SANITIZER
an attempt's words
========= Invalid __global__ write of size 4 bytes
=========     at kata::<unnamed>::kernel(float *)+0x90 in softmax.cu:15
=========     by thread (0,0,0) in block (0,0,0)
=========     Access to 0x7 is misaligned
=========     Saved host backtrace up to driver entry point at kernel launch time
=========         Host Frame: kata::softmax [0xae5c] in attempt.so
========= 
========= Program hit cudaErrorLaunchFailure (error 719) on CUDA API call
========= ERROR SUMMARY: 2 errors
)";

constexpr const char* kEnded = "unaided: checks that ran under the tool: 3\n";

TEST(DeviceSanitizer, AFindingIsTheKernelsSideOfIt) {
  const SanitizerFindings findings =
      read_sanitizer_output("memcheck", std::string(kEnded) + kMemcheck);
  EXPECT_EQ(findings.tool, "memcheck");
  EXPECT_EQ(findings.errors, 2);
  EXPECT_EQ(findings.text,
            "Invalid __global__ write of size 4 bytes\n"
            "    at kata::<unnamed>::kernel(float *)+0x90 in softmax.cu:15\n"
            "    by thread (0,0,0) in block (0,0,0)\n"
            "    Access to 0x7 is misaligned\n"
            "Program hit cudaErrorLaunchFailure (error 719) on CUDA API call\n");
  EXPECT_EQ(findings.trouble, "");
}

TEST(DeviceSanitizer, HazardsThatAreWarningsAreNoErrorsAndStillTold) {
  const std::string race =
      "========= Error: Race reported between Write access at sum(int *)+0xf0 in a.cu:41\n"
      "=========     and Read access at sum(int *)+0x100 in a.cu:51 [508 hazards]\n"
      "========= \n";
  const std::string told =
      "Error: Race reported between Write access at sum(int *)+0xf0 in a.cu:41\n"
      "    and Read access at sum(int *)+0x100 in a.cu:51 [508 hazards]\n";
  const auto with = [&](const std::string& summary) {
    return read_sanitizer_output("racecheck",
                                 kEnded + race + "========= RACECHECK SUMMARY: " + summary + "\n");
  };
  const SanitizerFindings one = with("1 hazard displayed (1 error, 0 warnings)");
  EXPECT_EQ(one.errors, 1);
  EXPECT_EQ(one.text, told);
  const SanitizerFindings both = with("3 hazards displayed (1 error, 2 warnings)");
  EXPECT_EQ(both.errors, 1);
  EXPECT_EQ(both.text, told + "RACECHECK SUMMARY: 3 hazards displayed (1 error, 2 warnings)\n");
  EXPECT_EQ(both.trouble, "");
}

TEST(DeviceSanitizer, WithoutASummaryThereIsNoResult) {
  for (const char* output : {"", "ERROR SUMMARY: 0 errors\n",
                             "========= Error: process didn't terminate successfully\n"}) {
    const SanitizerFindings findings =
        read_sanitizer_output("memcheck", std::string(kEnded) + output);
    EXPECT_TRUE(findings.trouble.starts_with("it came to no result; ")) << findings.trouble;
    EXPECT_NE(findings.trouble.find(output), std::string::npos) << "its words are told";
  }
}

TEST(DeviceSanitizer, NoErrorsOfChecksThatDidNotEndAreNoResult) {
  const std::string summary = "words without an end========= ERROR SUMMARY: 0 errors\n";
  const SanitizerFindings cut = read_sanitizer_output("memcheck", summary);
  EXPECT_TRUE(cut.trouble.starts_with("the checks did not come to their end")) << cut.trouble;
  const SanitizerFindings whole = read_sanitizer_output("memcheck", kEnded + summary);
  EXPECT_EQ(whole.errors, 0);
  EXPECT_EQ(whole.text, "");
  EXPECT_EQ(whole.trouble, "");
}

TEST(DeviceSanitizer, EndlessFindingsAreCutShort) {
  std::string output = kEnded;
  for (int i = 0; i < 10'000; ++i) output += "========= Invalid __shared__ read of size 4 bytes\n";
  const SanitizerFindings findings =
      read_sanitizer_output("memcheck", output + "========= ERROR SUMMARY: 10000 errors\n");
  EXPECT_EQ(findings.errors, 10'000);
  EXPECT_LT(findings.text.size(), 20U << 10);
}

TEST(DeviceSanitizer, WhereItCannotWatchItSaysWhy) {
  const Kata attention = load_kata(UNAIDED_ROOT, "attention");
  const Kata softmax = load_kata(UNAIDED_ROOT, "cuda_softmax");
  EXPECT_NE(sanitizer_refusal(attention, false).find("attention is none"), std::string::npos);
  EXPECT_NE(sanitizer_refusal(softmax, true).find("needs a card"), std::string::npos);
  EXPECT_EQ(sanitizer_refusal(softmax, false), "");
}

std::string fault_of(const CheckDevice& device, const std::string& tool) {
  try {
    require_sanitizer(device, tool);
    return "";
  } catch (const Fault& fault) {
    return fault.what();
  }
}

TEST(DeviceSanitizer, IsOfTheToolkitAndHasItsToolsOnly) {
  const TemporaryFolder toolkit;
  CheckDevice device;
  device.compiler.toolkit = {toolkit.path() / "bin/nvcc", toolkit.path(), "13.0.88"};
  EXPECT_NE(fault_of(device, "memcheck").find("setup --toolkit"), std::string::npos);
  std::filesystem::create_directory(toolkit.path() / "bin");
  write_text_file(toolkit.path() / "bin/compute-sanitizer", "");
  EXPECT_EQ(fault_of(device, "memcheck"), "");
  EXPECT_NE(fault_of(device, "--help").find("memcheck, racecheck, synccheck"), std::string::npos);
}

}  // namespace
}  // namespace unaided
