// Attempts of a miniature kata in CUDA, through the real compiler, sandbox and worker, on the
// emulated device.
#include <gtest/gtest.h>

#include <filesystem>

#include "fault.h"
#include "grader.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

Kata mini_cuda() {
  return load_kata(fs::path(UNAIDED_ROOT) / "harness/testdata", "mini_cuda");
}

Grader& grader() {
  static Grader one(read_installation(fs::path(UNAIDED_BUILD) / "installation.json"), mini_cuda(),
                    Grader::Options{.emulated = true});
  return one;
}

/// The reference with the first `from` replaced.
std::string solution_with(const std::string& from = "", const std::string& to = "") {
  std::string text = read_text_file(mini_cuda().reference(), 1 << 16);
  return text.replace(text.find(from), from.size(), to);
}

GradeReport report_of(const std::string& source) {
  GradeRequest request;
  request.source = source;
  return grader().grade(request, nullptr, nullptr);
}

TEST(EmulatedGrading, ASolutionPassesAndTheReportSaysWhereItRan) {
  const GradeReport report = report_of(solution_with());
  EXPECT_EQ(report.outcome, Outcome::kPassed) << report.message;
  EXPECT_EQ(report.device, kEmulatedDevice);
}

TEST(EmulatedGrading, MistakesAreFailedChecksWithTheirReason) {
  const struct {
    std::string from, to, expected;
  } cases[] = {
      {"__syncthreads();", "", "not reversed"},
      {"__syncthreads();", "if (i < count) __syncthreads();",
       "__syncthreads() in line 12 is reached by 100 of its 256 threads"},
      {"<<<1, 256, 0, stream>>>", "<<<1, 256>>>", "work was put on the default stream"},
      {"if (i < count) x[i]", "x[i]", "x was written"},
      {"(x, count);\n}", "(x, count);\n  cudaStreamSynchronize(stream);\n}",
       "waits for the device"},
      {"tile[256]", "tile[16384]", "bytes of shared memory are declared"},
      {"__syncthreads();", "__syncthreads();\n  const int2 two = *reinterpret_cast<int2*>(x + 1);",
       "at an address that is not aligned for the type"},
  };
  for (const auto& [from, to, expected] : cases) {
    const GradeReport report = report_of(solution_with(from, to));
    ASSERT_EQ(report.outcome, Outcome::kWrong) << to << report.message;
    EXPECT_NE(report.checks[0].message.find(expected), std::string::npos)
        << report.checks[0].message;
  }
}

TEST(EmulatedGrading, WhatDoesNotCompileIsNamedByTheCandidatesLines) {
  EXPECT_NE(
      report_of(solution_with("__syncthreads();", "__syncblock();"))
          .message.find("mini_cuda.cu:12:3: error: use of undeclared identifier '__syncblock'"),
      std::string::npos);
  const GradeReport assembler =
      report_of(solution_with("__syncthreads();", "asm(\"bar.sync 0;\");"));
  EXPECT_EQ(assembler.outcome, Outcome::kCompileError);
  EXPECT_NE(
      assembler.message.find("mini_cuda.cu:12:3: error: the emulated device runs no assembler"),
      std::string::npos)
      << assembler.message;
}

TEST(EmulatedGrading, AHostThatTouchesDeviceMemoryCrashes) {
  const GradeReport report =
      report_of(solution_with("  reverse_kernel<<<", "  x[0] = 1;\n  reverse_kernel<<<"));
  EXPECT_EQ(report.outcome, Outcome::kCrashed);
}

TEST(EmulatedGrading, TheDevicesInsidesAreForbidden) {
  const std::string reach =
      "namespace unaided { struct EmulatedDevice { static EmulatedDevice& current(); }; }\n"
      "void* found = &unaided::EmulatedDevice::current();\n// level 1\n";
  EXPECT_EQ(report_of(solution_with("// level 1\n", reach)).outcome, Outcome::kForbiddenCall);
}

TEST(EmulatedGrading, NothingIsEmulatedUnasked) {
  Grader real(read_installation(fs::path(UNAIDED_BUILD) / "installation.json"), mini_cuda(), {});
  EXPECT_THROW(real.warm_up(), Fault);
}

}  // namespace
}  // namespace unaided
