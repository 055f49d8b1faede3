// .cu files through the compiler of attempts, wherever there is a toolkit; no card is needed.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include "compiler.h"
#include "fault.h"
#include "temporary_folder.h"
#include "text_file.h"
#include "worker/cuda_check_device.h"

namespace unaided {
namespace {

constexpr const char* kDoubled = R"(#include "level1.h"
namespace {
__global__ void doubled_kernel(float* x, int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) x[i] *= 2;
}
}  // namespace
namespace kata {
void doubled(float* x, int count, cudaStream_t stream) {
  doubled_kernel<<<(count + 255) / 256, 256, 0, stream>>>(x, count);
}
}  // namespace kata
)";

constexpr const char* kDoubledSymbol = "_ZN4kata7doubledEPfiP11CUstream_st";

class DeviceCompileTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!finding_.toolkit) GTEST_SKIP() << finding_.absence;
    write_text_file(contract_,
                    "#pragma once\nstruct CUstream_st;\n"
                    "namespace kata { void doubled(float*, int, CUstream_st*); }\n");
  }

  Build build(const std::string& source, const std::vector<std::string>& architectures) {
    Compiler compiler = Compiler::for_device(
        installation_, {*finding_.toolkit, architectures}, scratch_.path(), {contract_},
        device_exports(kAttemptExports), sandbox_support().available);
    return compiler.build({{"mini.cu", source}, {"companion.cpp", device_companion()}},
                          Instrumentation::kNone, nullptr);
  }

  Installation installation_ = read_installation(UNAIDED_BUILD "/installation.json");
  ToolkitFinding finding_ = find_cuda_toolkit(toolkit_places(installation_));
  TemporaryFolder scratch_, kata_;
  std::filesystem::path contract_ = kata_.path() / "level1.h";
};

TEST_F(DeviceCompileTest, AnAttemptLoadsByItselfAndExportsItsFunctionAlone) {
  const Build built = build(kDoubled, {"80", "90a"});
  ASSERT_EQ(built.result, Build::Result::kBuilt) << built.diagnostics;
  void* attempt = dlopen(built.library.c_str(), RTLD_NOW);
  ASSERT_NE(attempt, nullptr) << dlerror();
  EXPECT_NE(dlsym(attempt, kDoubledSymbol), nullptr);
  EXPECT_EQ(dlsym(attempt, "cudaLaunchKernel"), nullptr) << "its runtime is its own";
  dlclose(attempt);
}

TEST_F(DeviceCompileTest, WhatTheRuntimeOfAnAttemptNotesIsTold) {
  const Build built = build(kDoubled, {"80"});
  ASSERT_EQ(built.result, Build::Result::kBuilt) << built.diagnostics;
  void* attempt = dlopen(built.library.c_str(), RTLD_NOW);
  ASSERT_NE(attempt, nullptr) << dlerror();
  if (dlopen("libcuda.so.1", RTLD_NOW) != nullptr) GTEST_SKIP() << "its runtime finds a driver";
  CudaCheckDevice device({.libcuda = UNAIDED_BUILD "/fake_driver/fake_cuda.so"});
  EXPECT_THROW(device.adopt(attempt), Fault);
  const cudaStream_t stream = device.make_stream();
  using Doubled = void (*)(float*, int, cudaStream_t);
  reinterpret_cast<Doubled>(dlsym(attempt, kDoubledSymbol))(nullptr, 1, stream);
  EXPECT_EQ(device.finish(stream), "CUDA driver version is insufficient for CUDA runtime version");
}

TEST_F(DeviceCompileTest, AnErrorIsToldAtItsLineWithoutOurFolders) {
  const Build built = build("int f() {\n  return nothing;\n}\n", {"90a"});
  EXPECT_EQ(built.result, Build::Result::kRefused);
  EXPECT_TRUE(built.diagnostics.starts_with("mini.cu(2): error: ")) << built.diagnostics;
}

TEST_F(DeviceCompileTest, AMissingReturnIsAnErrorAsItIsInCpp) {
  const Build built = build("int f() {}\n", {"90a"});
  EXPECT_EQ(built.result, Build::Result::kRefused);
  EXPECT_NE(built.diagnostics.find("missing return"), std::string::npos) << built.diagnostics;
}

TEST_F(DeviceCompileTest, ItSeesNothingOfTheProject) {
  if (!sandbox_support().available) GTEST_SKIP() << sandbox_support().reason;
  const Build built = build("#include \"" UNAIDED_ROOT "/katas/attention/level1.h\"\n", {"90a"});
  EXPECT_EQ(built.result, Build::Result::kRefused);
  EXPECT_NE(built.diagnostics.find("file not found"), std::string::npos) << built.diagnostics;
}

TEST_F(DeviceCompileTest, ACardThatTheToolkitDoesNotKnowIsRefusedInItsWords) {
  const Build built = build(kDoubled, {"1"});
  EXPECT_EQ(built.result, Build::Result::kRefused);
  EXPECT_NE(built.diagnostics.find("Unsupported gpu architecture"), std::string::npos)
      << built.diagnostics;
}

}  // namespace
}  // namespace unaided
