#include "text_layout.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

TEST(Wrap, BreaksAtBlanksAndIndentsWhatFollows) {
  EXPECT_EQ(wrap("one two three", 7, 2), "one two\n  three");
  EXPECT_EQ(wrap("unbreakable", 4, 0), "unbreakable");
  EXPECT_EQ(wrap("", 4, 0), "");
}

TEST(SplitLines, KeepsEmptyLinesButTheLast) {
  EXPECT_EQ(split_lines("a\n\nb\n"), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_TRUE(split_lines("").empty());
}

TEST(Indented, EndsEveryLineWithANewline) {
  EXPECT_EQ(indented("a\nb", "| "), "| a\n| b\n");
}

TEST(Clipped, CutsBetweenCharactersAndSaysSo) {
  const Terminal terminal;
  EXPECT_EQ(clipped("short", 5, terminal), "short");
  EXPECT_EQ(clipped("longer", 4, terminal), "long...");
  EXPECT_EQ(clipped("a√√", 3, terminal), "a...");
}

}  // namespace
}  // namespace unaided
