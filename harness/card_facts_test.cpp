#include "card_facts.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

GpuSurvey survey_at(int clock_mhz, int temperature_c) {
  GpuSurvey survey;
  survey.driver = "580.95.05";
  survey.cuda = "13.0";
  survey.gpus = {Gpu{.name = "a card",
                     .capability_major = 9,
                     .clock_mhz = clock_mhz,
                     .clock_mhz_max = 1980,
                     .memory_clock_mhz = 2619,
                     .temperature_c = temperature_c}};
  return survey;
}

TEST(CardFacts, TheCardIsNamedAndItsStateToldBeforeAndAfter) {
  Fingerprint fingerprint;
  add_card_facts(survey_at(345, 41), survey_at(1980, 63), 0, fingerprint);
  EXPECT_EQ(fingerprint.fact("card"), "a card");
  EXPECT_EQ(fingerprint.fact("architecture"), "sm_90");
  EXPECT_EQ(fingerprint.fact("highest clock"), "1980 MHz");
  EXPECT_EQ(fingerprint.fact("driver"), "580.95.05");
  EXPECT_EQ(fingerprint.fact(kCardState),
            "345 MHz, memory 2619 MHz, 41 C before; 1980 MHz, memory 2619 MHz, 63 C after");
}

TEST(CardFacts, WhatTheDriverDoesNotTellIsAQuestionMark) {
  Fingerprint fingerprint;
  add_card_facts(survey_at(-1, -1), survey_at(-1, -1), 0, fingerprint);
  EXPECT_NE(fingerprint.fact(kCardState).find("? MHz, memory 2619 MHz, ? C before"),
            std::string::npos);
}

}  // namespace
}  // namespace unaided
