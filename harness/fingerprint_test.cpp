#include "fingerprint.h"

#include <gtest/gtest.h>

#include "fault.h"

namespace unaided {
namespace {

TEST(Fingerprint, OfThisMachineNamesItsProcessor) {
  const Fingerprint fingerprint = machine_fingerprint();
  for (const char* name : {"cpu", "cores", "governor", "last-level cache"}) {
    EXPECT_NE(fingerprint.fact(name), "") << name;
  }
  EXPECT_EQ(fingerprint, machine_fingerprint());
}

TEST(Fingerprint, SurvivesItsJson) {
  const Fingerprint fingerprint = machine_fingerprint();
  EXPECT_EQ(nlohmann::json(fingerprint).get<Fingerprint>(), fingerprint);
}

TEST(Fingerprint, SaysWhatDiffers) {
  const Fingerprint a{{{"cpu", "x"}, {"threads", "1"}, {"attempt", "clang++ -O3"}}};
  const Fingerprint b{{{"cpu", "x"}, {"threads", "2"}, {"governor", "performance"}}};
  EXPECT_EQ(fingerprint_differences(a, a).size(), 0U);
  EXPECT_EQ(
      fingerprint_differences(a, b),
      (std::vector<std::string>{"threads: 1 against 2", "attempt: clang++ -O3 in the first only",
                                "governor: performance in the second only"}));
}

TEST(Fingerprint, ACardsStateIsNotCompared) {
  const Fingerprint a{{{"card", "x"}, {kCardState, "1980 MHz, 41 C"}}};
  const Fingerprint b{{{"card", "x"}, {kCardState, "1755 MHz, 63 C"}}};
  EXPECT_TRUE(fingerprint_differences(a, b).empty());
  EXPECT_TRUE(fingerprint_differences(b, {{{"card", "x"}}}).empty());
}

TEST(Fingerprint, WhatIsNoneIsRefused) {
  EXPECT_THROW(nlohmann::json(7).get<Fingerprint>(), Fault);
  EXPECT_THROW(nlohmann::json({{"cpu"}}).get<Fingerprint>(), Fault);
  EXPECT_THROW(nlohmann::json({{"cpu", std::string(1 << 20, 'x')}}).get<Fingerprint>(), Fault);
}

}  // namespace
}  // namespace unaided
