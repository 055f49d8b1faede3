#include "format.h"

#include <gtest/gtest.h>

#include "fault.h"

namespace unaided {
namespace {

TEST(FormatTable, SaysHowLongEachFormatTakes) {
  Kata kata;
  kata.levels = {{1, "one", 10}, {2, "two", 20}};
  EXPECT_EQ(allowed_ms(format_row("drill"), kata, 2, 2), 30 * 60'000);
  EXPECT_EQ(allowed_ms(format_row("drill"), kata, 1, 2), 45 * 60'000);
  EXPECT_EQ(allowed_ms(format_row("debug"), kata, 2, 2), 15 * 60'000);
}

TEST(FormatTable, NamesTheKnownFormatsToWhoeverAsksForAnother) {
  try {
    format_row("duel");
    FAIL() << "there is no such format";
  } catch (const Fault& fault) {
    EXPECT_EQ(std::string(fault.what()).find("there is no format 'duel'; there are drill, debug"),
              0u);
  }
}

}  // namespace
}  // namespace unaided
