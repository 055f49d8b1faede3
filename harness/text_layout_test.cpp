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

TEST(Reflowed, JoinsParagraphsAndItemsAndLeavesTheRest) {
  EXPECT_EQ(
      reflowed("# A heading that is longer than the pane\n\nOne two\nthree four five.\n- item one\n"
               "  goes on here\n- two\n\n    code that is not touched at all\n| a | table |\n",
               14),
      "# A heading that is longer than the pane\n\nOne two three\nfour five.\n- item one\n"
      "  goes on here\n- two\n\n    code that is not touched at all\n| a | table |\n");
  EXPECT_EQ(reflowed("```cpp\nint  a;\nint b;\n```\nwords\n", 40),
            "```cpp\nint  a;\nint b;\n```\nwords\n");
  EXPECT_EQ(reflowed("1. one\n2. two\n", 40), "1. one\n2. two\n");
}

}  // namespace
}  // namespace unaided
