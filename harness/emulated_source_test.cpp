#include "emulated_source.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace unaided {
namespace {

std::string rewritten(const std::string& cuda) {
  const EmulatedSource source = emulated_source("k.cu", cuda);
  EXPECT_EQ(source.refusal, "") << cuda;
  const auto lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines(source.text), lines(cuda)) << source.text;
  return source.text;
}

std::string refusal(const std::string& cuda) {
  return emulated_source("k.cu", cuda).refusal;
}

constexpr char kOpen[] = "::emulated_device::prepare([=](auto... unaided_arguments) { ";
constexpr char kClose[] = "(unaided_arguments...); }, ";

TEST(EmulatedSource, ALaunchBecomesACall) {
  const std::string open = kOpen, close = kClose;
  const struct {
    std::string cuda;
    std::string expected;
  } cases[] = {
      {"k<<<1, 32>>>(x);", open + "k" + close + "1, 32)(x);"},
      {"f(); k<float, 4><<<g, b, n, s>>>(x, y);",
       "f(); " + open + "k<float, 4>" + close + "g, b, n, s)(x, y);"},
      {"a::b<2>::k<(1 > 0)><<<1, 1>>>();", open + "a::b<2>::k<(1 > 0)>" + close + "1, 1)();"},
      {"::k <<< dim3(1, 2), f(a, b) >>> (x);",
       open + "::k " + close + " dim3(1, 2), f(a, b) ) (x);"},
      {"(k)<<<1, 1>>>();", open + "(k)" + close + "1, 1)();"},
      {"k<<<1, 2 /* >>> */>>>(0);", open + "k" + close + "1, 2 /* >>> */)(0);"},
      {"k\n<T>\n<<<1,\n2>>>\n(x);", open + "k\n<T>\n" + close + "1,\n2)\n(x);"},
      {"k<<<(a >> 2), b[i]>>>(x);", open + "k" + close + "(a >> 2), b[i])(x);"},
      {"if (n) k<<<1, 1>>>(x); else j<<<2, 2>>>(y);",
       "if (n) " + open + "k" + close + "1, 1)(x); else " + open + "j" + close + "2, 2)(y);"},
  };
  for (const auto& [cuda, expected] : cases) EXPECT_EQ(rewritten(cuda), expected);
}

TEST(EmulatedSource, CommentsLiteralsAndShiftsStay) {
  for (const char* cuda :
       {"// k<<<1, 1>>>(x)\n", "/* k<<<1,\n1>>>(x) */", "f(\"k<<<1, 1>>>(\\\"\");",
        "a = b << c >> d;", "R\"q(k<<<1, 1>>>() \" )q\";", "c = '\\''; // <<<",
        "int n = 1'000'000; f<g<h<int>>>(1);",
        "// a comment that goes on \\\n__shared__ float s[2];\n", "int my__shared__ = 1;"}) {
    EXPECT_EQ(rewritten(cuda), cuda);
  }
}

TEST(EmulatedSource, StaticSharedMemoryIsMadeKnown) {
  const std::string use = " const ::emulated_device::SharedUse unaided_shared_";
  EXPECT_EQ(rewritten("__shared__ float s[32]; f();"),
            "__shared__ float s[32];" + use + "0(&s, sizeof(s)); f();");
  EXPECT_EQ(rewritten("__shared__ __align__(16) float a[2][N < 3 ? 1 : 2], b;\nf();"),
            "__shared__ __align__(16) float a[2][N < 3 ? 1 : 2], b;" + use + "0(&a, sizeof(a));" +
                use + "1(&b, sizeof(b));\nf();");
  EXPECT_EQ(rewritten("static __shared__ std::array<float, 4> s;"),
            "static __shared__ std::array<float, 4> s;" + use + "0(&s, sizeof(s));");
}

TEST(EmulatedSource, DynamicSharedMemoryIsTheDevices) {
  const std::string value = " = ::emulated_device::DynamicShared{};";
  EXPECT_EQ(rewritten("extern __shared__ float s[];"), "  float (* const s)" + value);
  EXPECT_EQ(rewritten("extern\n__shared__ __align__(16) unsigned char raw[ ];"),
            "\n __align__(16) unsigned char (* const raw)" + value);
  EXPECT_EQ(rewritten("extern __shared__ T t[][32];"), "  T (* const t)[32]" + value);
}

TEST(EmulatedSource, TheRuntimesHeadersAreThereAlready) {
  EXPECT_EQ(rewritten("#include <cuda_runtime.h>\n#include \"level1.h\"\n"),
            "\n#include \"level1.h\"\n");
  EXPECT_EQ(rewritten("  # include \"cuda_runtime.h\" // why\n"), "   // why\n");
  EXPECT_EQ(rewritten("// #include <cub/cub.cuh>\n"), "// #include <cub/cub.cuh>\n");
}

TEST(EmulatedSource, WhatCannotBeEmulatedIsRefusedByItsPlace) {
  const struct {
    const char* cuda;
    const char* expected;
  } cases[] = {
      {"\n  <<<1, 1>>>(x);", "k.cu:2:3: error: a launch needs a kernel's name before `<<<`\n"},
      {"k<<<1, 1;", "k.cu:1:2: error: this `<<<` of a launch has no `>>>`\n"},
      {"k<<<1, 1>>>;", "k.cu:1:9: error: a launch needs its arguments, in parentheses"},
      {"k<<<1, 1>>>", "k.cu:1:9: error: a launch needs its arguments, in parentheses"},
      {"f();\n#include <cub/cub.cuh>\n",
       "k.cu:2:1: error: the emulated device has no <cub/cub.cuh>"},
      {"#include <cooperative_groups/reduce.h>", "k.cu:1:1: error: the emulated device has no"},
      {"asm volatile(\"membar.gl;\");", "k.cu:1:1: error: the emulated device runs no assembler"},
      {"extern __shared__ float s[4];", "k.cu:1:8: error: dynamic shared memory is declared as"},
      {"extern __shared__ float s;", "k.cu:1:8: error: dynamic shared memory is declared as"},
      {"{ __shared__ float s[4] }",
       "k.cu:1:3: error: this declaration of shared memory has no end"},
  };
  for (const auto& [cuda, expected] : cases) {
    EXPECT_EQ(refusal(cuda).find(expected), 0U) << cuda << "\n" << refusal(cuda);
  }
}

TEST(EmulatedSource, TornTextEndsInARefusalOrUnchanged) {
  const std::string whole =
      "extern __shared__ float s[];\n#include <cuda_runtime.h>\n__shared__ float a[2];\n"
      "/* c */ k<T><<<1, dim3(2)>>>(R\"(x)\", 'c', \"s\");";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const EmulatedSource source = emulated_source("k.cu", whole.substr(0, size));
    EXPECT_TRUE(source.text.empty() || source.refusal.empty()) << size;
  }
}

}  // namespace
}  // namespace unaided
