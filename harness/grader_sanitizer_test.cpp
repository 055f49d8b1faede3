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

// Runs the program and says, in the tool's form, what it was asked for and how that ended.
constexpr const char* kScript = R"(#!/bin/sh
asked=
while [ "${1##*/}" != unaided-worker ]; do
  asked="$asked $1"
  shift
done
"$@"
status=$?
echo "========= COMPUTE-SANITIZER"
echo "========= asked:$asked"
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

  SanitizerFindings findings(const std::string& only = "", const std::string& tool = "racecheck") {
    const Kata kata = load_kata(fs::path(UNAIDED_ROOT) / "harness/testdata", "mini_cuda");
    const HeaderCache headers = ensure_header_cache(installation_, kata.headers);
    WatchedAttempt watched;
    watched.library = attempt();
    watched.only = only;
    watched.seed = 7;
    return *sanitize(installation_, kata, device_, headers.library, watched, tool, nullptr);
  }

  Installation installation_ = read_installation(fs::path(UNAIDED_BUILD) / "installation.json");
  TemporaryFolder toolkit_, driver_, attempts_;
  CheckDevice device_;
};

TEST_F(GraderSanitizerTest, ChecksRunOnTheCardUnderTheToolAndItsWordsComeBack) {
  const SanitizerFindings found = findings();
  EXPECT_EQ(found.tool, "racecheck");
  EXPECT_EQ(found.errors, 1);
  EXPECT_TRUE(found.text.starts_with("asked: --tool racecheck ")) << found.text;
  EXPECT_TRUE(found.text.ends_with("Program ended with 0\n")) << found.text;
  EXPECT_EQ(found.trouble, "");
}

TEST_F(GraderSanitizerTest, TheChecksReallyRun) {
  write_tool("echo '========= ERROR SUMMARY: 0 errors'");
  fs::remove(attempt());
  fs::copy_file(fs::path(UNAIDED_BUILD) / "fake_driver/fake_attempt_dies.so", attempt());
  for (const char* only : {"", "Reversing.HundredIntegers"}) {
    const SanitizerFindings found = findings(only);
    EXPECT_TRUE(found.text.ends_with("Program ended with 3\n")) << found.text;
    EXPECT_TRUE(found.trouble.starts_with("the checks did not come to their end"));
  }
  EXPECT_EQ(findings("Reversing.NoSuchCheck").trouble, "");
}

TEST_F(GraderSanitizerTest, AToolThatComesToNothingIsToldWithItsWords) {
  write_tool("echo 'Unable to attach'");
  const std::string trouble = findings().trouble;
  EXPECT_TRUE(trouble.starts_with("it came to no result")) << trouble;
  EXPECT_NE(trouble.find("Unable to attach"), std::string::npos) << trouble;
}

TEST_F(GraderSanitizerTest, ArraysLieApartWhereMemoryIsWatched) {
  EXPECT_NE(findings("", "memcheck").text.find(" --padding 4096"), std::string::npos);
  EXPECT_EQ(findings("", "racecheck").text.find(" --padding"), std::string::npos);
}

TEST_F(GraderSanitizerTest, WithoutADriverTheProgramSaysSo) {
  fs::remove(driver_.path() / "libcuda.so.1");
  write_tool("");
  const std::string trouble = findings().trouble;
  EXPECT_NE(trouble.find("CUDA cannot be loaded"), std::string::npos) << trouble;
}

TEST_F(GraderSanitizerTest, WithoutBubblewrapNothingIsRunUnderIt) {
  const Kata kata = load_kata(fs::path(UNAIDED_ROOT) / "harness/testdata", "mini_cuda");
  Grader grader(installation_, kata, {.sandbox = false});
  GradeRequest request;
  request.sanitizer = "memcheck";
  try {
    grader.grade(request, nullptr, nullptr);
    ADD_FAILURE();
  } catch (const Fault& fault) {
    EXPECT_TRUE(std::string(fault.what()).starts_with("--sanitizer needs bubblewrap"));
  }
}

}  // namespace
}  // namespace unaided
