#include "device_choice.h"

#include <gtest/gtest.h>

#include "fault.h"
#include "verdict.h"

namespace unaided {
namespace {

Kata kata_for(const std::string& device) {
  Kata kata;
  kata.id = "cuda_softmax";
  kata.device = device;
  return kata;
}

TEST(DeviceChoice, WhatNeedsNoDeviceRunsAnywhere) {
  const Kata kata = kata_for("");
  EXPECT_TRUE(device_is_here(kata));
  for (const bool emulated : {false, true}) {
    EXPECT_NO_THROW(require_device(kata, emulated));
    EXPECT_EQ(device_label(kata, emulated), "");
  }
}

TEST(DeviceChoice, TheEmulatedDeviceIsNamedAsSuch) {
  EXPECT_NO_THROW(require_device(kata_for("cuda"), /*emulated=*/true));
  EXPECT_EQ(device_label(kata_for("cuda"), /*emulated=*/true), kEmulatedDevice);
}

TEST(DeviceChoice, AMissingGpuIsOneSentenceThatNamesTheWayOut) {
  if (device_is_here(kata_for("cuda"))) GTEST_SKIP() << "there is a GPU here";
  try {
    require_device(kata_for("cuda"), /*emulated=*/false);
    FAIL() << "nothing was thrown";
  } catch (const Fault& fault) {
    const std::string sentence = fault.what();
    EXPECT_EQ(sentence.find("cuda_softmax needs an NVIDIA GPU"), 0U) << sentence;
    EXPECT_NE(sentence.find("--emulated runs the same checks on the CPU"), std::string::npos);
    EXPECT_EQ(sentence.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace unaided
