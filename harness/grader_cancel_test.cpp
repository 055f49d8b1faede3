// A newer save must be able to end whatever the attempt before it is up to.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "grader_stage.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kPatience{1500};

std::string attempt(const std::string& name) {
  return read_text_file(fs::path(UNAIDED_ROOT) / "harness/testdata/outcomes" / name / "mini.cpp",
                        1 << 16);
}

class GraderCancelTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam() && !sandbox_support().available) GTEST_SKIP() << sandbox_support().reason;
  }
  static void TearDownTestSuite() { GraderStage::close(); }

  /// Grades `source`, cancelling it after a while, and then an honest attempt.
  GradeReport cancelled(const std::string& source) {
    GraderStage& stage = GraderStage::of(GetParam());
    CancelToken cancel;
    std::thread canceller([&] {
      std::this_thread::sleep_for(kPatience);
      cancel.cancel();
    });
    GradeRequest request;
    request.source = source;
    GradeReport report = stage.grader().grade(request, nullptr, &cancel);
    canceller.join();
    request.source = attempt("passes");
    EXPECT_EQ(stage.grader().grade(request, nullptr, nullptr).outcome, Outcome::kPassed);
    EXPECT_EQ(stage.strays(), "");
    return report;
  }
};

TEST_P(GraderCancelTest, ACompilerThatWaitsOnAFifoEnds) {
  const fs::path fifo = fs::current_path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  GraderStage::close();  // the fifo belongs to the surroundings of the next stage
  const GradeReport report = cancelled("#include \"" + fifo.string() + "\"\n");
  // In bubblewrap there is no such file.
  EXPECT_EQ(report.outcome, GetParam() ? Outcome::kCompileError : Outcome::kNotRun);
  fs::remove(fifo);
  GraderStage::close();
}

TEST_P(GraderCancelTest, AChecksSleepEnds) {
  const GradeReport report = cancelled(attempt("sleeps"));
  EXPECT_NE(report.outcome, Outcome::kPassed);
  EXPECT_NE(exit_code(report), 0);
}

INSTANTIATE_TEST_SUITE_P(Sandbox, GraderCancelTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& tested) {
                           return tested.param ? "in_bubblewrap" : "without_bubblewrap";
                         });

}  // namespace
}  // namespace unaided
