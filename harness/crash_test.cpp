#include "crash.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

constexpr const char* kOverflow =
    R"(=================================================================
==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000020 at pc 0x7f01
WRITE of size 4 at 0x602000000020 thread T0
    #0 0x7f0101  (/scratch/2/out/attempt.so+0x1a2b)
    #1 0x7f0102  (/lib/libtorch_cpu.so+0x99)
    #2 0x7f0103  (/scratch/2/out/attempt.so+0x1c00)

0x602000000020 is located 0 bytes to the right of 16-byte region
allocated by thread T0 here:
    #0 0x4c3f  (/build/unaided-worker-asan+0x4c3f)
    #1 0x7f0104  (/scratch/2/out/attempt.so+0x1f00)
)";

TEST(CrashTest, TheKindTheAccessAndTheAttemptsOwnFramesAreFound) {
  const CrashReport crash = parse_crash_report(kOverflow, "attempt.so");
  EXPECT_EQ(crash.kind, "heap-buffer-overflow");
  EXPECT_EQ(crash.access, "WRITE of size 4");
  EXPECT_EQ(crash.offsets, (std::vector<std::string>{"0x1a2b", "0x1c00"}));
}

TEST(CrashTest, WhereTheMemoryCameFromIsNotWhereItHappened) {
  const CrashReport crash = parse_crash_report(kOverflow, "attempt.so");
  for (const std::string& offset : crash.offsets) EXPECT_NE(offset, "0x1f00");
}

TEST(CrashTest, AReportWithoutAFrameOfTheAttemptExplainsNothing) {
  const CrashReport crash = parse_crash_report("Segmentation fault\n", "attempt.so");
  EXPECT_TRUE(crash.kind.empty());
  EXPECT_TRUE(crash.offsets.empty());
  EXPECT_EQ(explain_crash("Segmentation fault\n", "/scratch/attempt.so", /*sandbox=*/false), "");
}

}  // namespace
}  // namespace unaided
