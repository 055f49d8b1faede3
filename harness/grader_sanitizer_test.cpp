// Checks that a tool watches: a worker that does one task by itself, on a driver that is none, with
// a script in the place of compute-sanitizer.
#include <gtest/gtest.h>

#include <filesystem>

#include "compiler.h"
#include "device_sanitizer.h"
#include "fault.h"
#include "grader.h"
#include "sandbox.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

// Says what it was asked for, runs the program, and reports as the tool would.
constexpr const char* kScript = R"(#!/bin/sh
echo "asked: $*"
while [ "$1" != --print-limit ]; do shift; done
shift 2
"$@"
status=$?
echo "========= COMPUTE-SANITIZER"
echo "========= Program ended with $status"
$SUMMARY
)";

class GraderSanitizerTest : public testing::Test {
 protected:
  GraderSanitizerTest() {
    fs::create_directories(toolkit_.path() / "bin");
    fs::copy_file(fs::path(UNAIDED_BUILD) / "fake_driver/fake_cuda.so",
                  driver_.path() / "libcuda.so.1");
    fs::copy_file(fs::path(UNAIDED_BUILD) / "fake_driver/fake_attempt.so", attempt());
    device_.survey.library = driver_.path() / "libcuda.so.1";
    device_.compiler.toolkit = {toolkit_.path() / "bin/nvcc", toolkit_.path(), "13.0.88"};
    write_tool(R"(echo "========= ERROR SUMMARY: 1 error")");
  }

  fs::path attempt() const { return attempts_.path() / "attempt.so"; }

  void write_tool(const std::string& summary) const {
    std::string text = kScript;
    text.replace(text.find("$SUMMARY"), 8, summary);
    const fs::path tool = toolkit_.path() / "bin/compute-sanitizer";
    write_text_file(tool, text);
    fs::permissions(tool, fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  }

  std::optional<SanitizerFindings> findings(const std::string& only = "") const {
    const Kata kata = load_kata(fs::path(UNAIDED_ROOT) / "harness/testdata", "mini_cuda");
    const HeaderCache headers = ensure_header_cache(installation_, kata.headers);
    WatchedAttempt watched;
    watched.library = attempt();
    watched.only = only;
    watched.seed = 7;
    return sanitize(installation_, kata, device_, headers.library, watched, "racecheck",
                    sandbox_support().available, nullptr);
  }

  std::string fault() const {
    try {
      findings();
      return "";
    } catch (const Fault& fault) {
      return fault.what();
    }
  }

  Installation installation_ = read_installation(fs::path(UNAIDED_BUILD) / "installation.json");
  TemporaryFolder toolkit_, driver_, attempts_;
  CheckDevice device_;
};

TEST_F(GraderSanitizerTest, ChecksRunOnTheCardUnderTheToolAndItsWordsComeBack) {
  const auto found = findings();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tool, "racecheck");
  EXPECT_EQ(found->errors, 1);
  EXPECT_EQ(found->text, "Program ended with 0\n");
}

// Seen from the device, since a worker alone tells nobody of its checks.
TEST_F(GraderSanitizerTest, TheChecksReallyRun) {
  write_tool("echo '========= ERROR SUMMARY: 0 errors'");
  fs::remove(attempt());
  fs::copy_file(fs::path(UNAIDED_BUILD) / "fake_driver/fake_attempt_dies.so", attempt());
  EXPECT_EQ(findings()->text, "Program ended with 3\n");
  EXPECT_EQ(findings("Reversing.HundredIntegers")->text, "Program ended with 3\n");
  EXPECT_EQ(findings("Reversing.NoSuchCheck")->text, "Program ended with 0\n");
}

TEST_F(GraderSanitizerTest, AToolThatComesToNothingIsAFaultWithItsWords) {
  write_tool("echo 'Unable to attach'");
  const std::string words = fault();
  EXPECT_NE(words.find("came to no result"), std::string::npos) << words;
  EXPECT_NE(words.find("Unable to attach"), std::string::npos) << words;
  EXPECT_NE(words.find("asked: --tool racecheck"), std::string::npos) << words;
}

TEST_F(GraderSanitizerTest, WithoutADriverTheProgramSaysSo) {
  fs::remove(driver_.path() / "libcuda.so.1");
  write_tool("");
  EXPECT_NE(fault().find("CUDA cannot be loaded"), std::string::npos) << fault();
}

}  // namespace
}  // namespace unaided
