#include "diagnostics.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

std::string summary(const std::string& output) {
  return summarize_diagnostics(output, "mini.cpp");
}

TEST(DiagnosticsTest, AnErrorOfOnesOwnKeepsItsLineAndItsSource) {
  EXPECT_EQ(
      summary("mini.cpp:6:10: error: use of undeclared identifier 'y'\n"
              "  return y * 2;\n"
              "         ^\n"
              "1 error generated.\n"),
      "mini.cpp:6:10: error: use of undeclared identifier 'y'\n  return y * 2;\n         ^\n");
}

TEST(DiagnosticsTest, NvccsFormIsReadToo) {
  EXPECT_EQ(summarize_diagnostics("mini.cu(2): error: identifier \"foo\" is undefined\n"
                                  "  foo(x);\n"
                                  "  ^\n\n"
                                  "1 error detected in the compilation of \"mini.cu\".\n",
                                  "mini.cu"),
            "mini.cu(2): error: identifier \"foo\" is undefined\n  foo(x);\n  ^\n");
}

TEST(DiagnosticsTest, AnErrorInAHeaderIsTracedToOnesOwnLine) {
  const std::string text = summary(
      "/usr/include/c++/12/bits/stl_algo.h:10:3: error: no match\n"
      "    tower\n"
      "/usr/include/c++/12/bits/other.h:11:3: note: in instantiation\n"
      "mini.cpp:9:5: note: requested here\n"
      "  std::sort(a, b);\n");
  EXPECT_NE(text.find("mini.cpp:9:5: note: requested here\n  std::sort(a, b);"), std::string::npos);
  EXPECT_EQ(text.find("other.h"), std::string::npos);
  EXPECT_EQ(text.find("tower"), std::string::npos);
}

TEST(DiagnosticsTest, OfManyErrorsTheFirstFewAreShown) {
  std::string output;
  for (int i = 1; i <= 9; ++i) {
    output += "mini.cpp:" + std::to_string(i) + ":1: error: no\n";
  }
  const std::string text = summary(output);
  EXPECT_NE(text.find("mini.cpp:4:1"), std::string::npos);
  EXPECT_EQ(text.find("mini.cpp:5:1"), std::string::npos);
  EXPECT_NE(text.find("and 5 more"), std::string::npos);
}

TEST(DiagnosticsTest, WordsOfALinkerAreCutNotLost) {
  EXPECT_EQ(summary("mold: error: out/attempt.o: bad\n"), "mold: error: out/attempt.o: bad\n");
  EXPECT_LE(summary(std::string(1 << 20, 'x')).size(), 2000U);
}

TEST(DiagnosticsTest, EndlessLinesAndOddBytesAreBounded) {
  std::string output = "mini.cpp:1:1: error: " + std::string(1 << 20, '\xff') + "\n";
  for (int i = 0; i < 1000; ++i) output += std::string(10'000, ' ') + "\n";
  EXPECT_LE(summary(output).size(), 4000U);
  EXPECT_EQ(summary(""), "");
}

}  // namespace
}  // namespace unaided
