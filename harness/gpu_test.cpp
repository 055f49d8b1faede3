#include "gpu.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "fault.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

/// A variable of the environment for as long as it lives.
class Setting {
 public:
  Setting(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Setting() { unsetenv(name_); }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

 private:
  const char* name_;
};

/// A machine's files, and the fake driver.
class GpuTest : public testing::Test {
 protected:
  void add_card() {
    const fs::path slot = places_.root / "sys/bus/pci/devices/0000:01:00.0";
    write_text_file(slot / "vendor", "0x10de\n");
    write_text_file(slot / "class", "0x030200\n");
  }
  void add_driver() {
    write_text_file(places_.root / "proc/driver/nvidia/version",
                    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release\n"
                    "GCC version:  gcc version 12.2.0\n");
  }
  void add_nodes() {
    for (const char* node : {"nvidiactl", "nvidia0", "nvidia-uvm", "nvidia-modeset", "null"}) {
      write_text_file(places_.root / "dev" / node, "");
    }
  }
  void add_all() {
    add_card();
    add_driver();
    add_nodes();
  }
  std::string absence() const { return survey_gpus(places_).absence; }

  TemporaryFolder folder_;
  GpuPlaces places_{folder_.path(), UNAIDED_BUILD "/fake_driver/fake_cuda.so",
                    UNAIDED_BUILD "/fake_driver/fake_nvml.so"};
};

void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(GpuTest, WhatTheDriverTellsIsThere) {
  add_all();
  const GpuSurvey survey = survey_gpus(places_);
  EXPECT_EQ(survey.absence, "");
  EXPECT_EQ(survey.driver, "580.95.05");
  EXPECT_EQ(survey.cuda, "13.0");
  EXPECT_EQ(survey.library, places_.libcuda);
  ASSERT_EQ(survey.gpus.size(), 1U);
  const Gpu& gpu = survey.gpus[0];
  EXPECT_EQ(gpu.name, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(gpu.architecture(), "sm_90");
  EXPECT_EQ(gpu.multiprocessors, 132);
  EXPECT_EQ(gpu.memory_bytes, std::int64_t{80} << 30);
  EXPECT_EQ(gpu.l2_bytes, 50 << 20);
  EXPECT_EQ(gpu.clock_mhz, 1755);
  EXPECT_EQ(gpu.clock_mhz_max, 1980);
  EXPECT_EQ(gpu.memory_clock_mhz, 2619);
  EXPECT_EQ(gpu.temperature_c, 41);
}

TEST_F(GpuTest, NodesThatCudaOpensAreListedAndNoOthers) {
  add_all();
  const fs::path dev = places_.root / "dev";
  EXPECT_EQ(survey_gpus(places_).nodes,
            (std::vector<fs::path>{dev / "nvidia-uvm", dev / "nvidia0", dev / "nvidiactl"}));
}

TEST_F(GpuTest, WithoutNvmlTheClocksAreUnknown) {
  add_all();
  places_.libnvml = "/nowhere/libnvidia-ml.so.1";
  const GpuSurvey survey = survey_gpus(places_);
  EXPECT_EQ(survey.absence, "");
  EXPECT_EQ(survey.gpus.at(0).clock_mhz, -1);
}

TEST_F(GpuTest, ACardThatNvmlDoesNotKnowHasNoClocksOfAnother) {
  add_all();
  const Setting two("FAKE_CUDA_COUNT", "2");
  const GpuSurvey survey = survey_gpus(places_);
  ASSERT_EQ(survey.gpus.size(), 2U);
  EXPECT_EQ(survey.gpus[1].bus, "0000:02:00.0");
  EXPECT_EQ(survey.gpus[1].temperature_c, -1);
}

TEST_F(GpuTest, AMachineWithoutACardIsSaidToHaveNone) {
  EXPECT_EQ(absence(), "there is no NVIDIA card in this machine");
}

TEST_F(GpuTest, ACardWithoutADriverIsToldByItsSlot) {
  add_card();
  expect_part(absence(), "slot 0000:01:00.0, but its driver is not loaded");
}

TEST_F(GpuTest, AContainerWithoutTheNodesIsTold) {
  add_driver();
  expect_part(absence(), "580.95.05 is loaded, but /dev/nvidiactl is missing");
}

TEST_F(GpuTest, ANodeThatMayNotBeOpenedIsNamed) {
  add_all();
  const fs::path node = places_.root / "dev/nvidia0";
  fs::remove(node);
  fs::create_directory(node);  // which not even root can open for writing
  expect_part(absence(), "cannot open " + node.string());
}

TEST_F(GpuTest, AMissingLibraryIsNamed) {
  add_all();
  places_.libcuda = "libcuda-of-nobody.so.1";
  expect_part(absence(), "the driver's library cannot be opened: libcuda-of-nobody.so.1");
}

TEST_F(GpuTest, AnErrorOfTheDriverIsExplained) {
  add_all();
  const Setting mismatch("FAKE_CUDA_INIT", "803");
  expect_part(absence(), "different versions: restart");
}

TEST_F(GpuTest, AnErrorThatNobodyKnowsIsGivenByNumber) {
  add_all();
  const Setting unknown("FAKE_CUDA_INIT", "4711");
  expect_part(absence(), "4711");
}

TEST_F(GpuTest, NoCardsLeftIsAnAbsence) {
  add_all();
  const Setting none("FAKE_CUDA_COUNT", "0");
  expect_part(absence(), "CUDA_VISIBLE_DEVICES");
}

TEST(RequireGpu, ANumberThatIsNotThereFaultsWithThoseThatAre) {
  GpuSurvey survey;
  survey.gpus = {Gpu{.index = 0, .name = "a card"}};
  EXPECT_EQ(require_gpu(survey, 0).name, "a card");
  try {
    require_gpu(survey, 1);
    FAIL() << "cuda:1 was found";
  } catch (const Fault& fault) {
    expect_part(fault.what(), "cuda:0 a card");
  }
  survey.absence = "a cause";
  EXPECT_THROW(require_gpu(survey, 0), Fault);
}

TEST(CudaIndex, OnlyDevicesOfCudaAreRead) {
  EXPECT_EQ(cuda_index("cuda"), 0);
  EXPECT_EQ(cuda_index("cuda:3"), 3);
  for (const char* wrong : {"", "cpu", "cuda:", "cuda:-1", "cuda:1x", "cuda:99999999999"}) {
    EXPECT_THROW(cuda_index(wrong), Fault) << wrong;
  }
}

}  // namespace
}  // namespace unaided
