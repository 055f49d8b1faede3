#include "level_span.h"

#include <gtest/gtest.h>

#include "fault.h"

namespace unaided {
namespace {

Kata kata_of_three_levels() {
  Kata kata;
  kata.id = "attention";
  kata.levels.resize(3);
  return kata;
}

TEST(LevelSpan, IsOneLevelARangeOrAll) {
  const Kata kata = kata_of_three_levels();
  EXPECT_EQ(parse_level_span("2", kata), (LevelSpan{2, 2}));
  EXPECT_EQ(parse_level_span("1-3", kata), (LevelSpan{1, 3}));
  EXPECT_EQ(parse_level_span("", kata), (LevelSpan{1, 3}));
}

TEST(LevelSpan, RefusesWhatTheKataHasNot) {
  const Kata kata = kata_of_three_levels();
  for (const char* text : {"0", "4", "2-4", "3-1", "-", "1-", "-2", "1-2-3", "one", "12", " 1"}) {
    EXPECT_THROW(parse_level_span(text, kata), Fault) << text;
  }
}

}  // namespace
}  // namespace unaided
