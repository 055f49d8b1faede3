#include "terminal.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

TEST(ColourAllowed, FollowsTheChoiceThenNoColorThenTheTerminal) {
  const char* const xterm = "xterm-256color";
  EXPECT_TRUE(colour_allowed(ColourChoice::kAuto, true, nullptr, xterm));
  EXPECT_FALSE(colour_allowed(ColourChoice::kAuto, false, nullptr, xterm));
  EXPECT_FALSE(colour_allowed(ColourChoice::kAuto, true, "1", xterm));
  EXPECT_TRUE(colour_allowed(ColourChoice::kAuto, true, "", xterm));
  EXPECT_FALSE(colour_allowed(ColourChoice::kAuto, true, nullptr, "dumb"));
  EXPECT_FALSE(colour_allowed(ColourChoice::kAuto, true, nullptr, nullptr));
  EXPECT_TRUE(colour_allowed(ColourChoice::kAlways, false, "1", nullptr));
  EXPECT_FALSE(colour_allowed(ColourChoice::kNever, true, nullptr, xterm));
}

TEST(Paint, WrapsOnlyWhereColourIsOn) {
  Terminal terminal;
  EXPECT_EQ(terminal.paint("31", "wrong"), "wrong");
  terminal.colour = true;
  EXPECT_EQ(terminal.paint("31", "wrong"), "\x1b[31mwrong\x1b[0m");
  EXPECT_EQ(terminal.paint("", "plain"), "plain");
}

TEST(Printable, DisarmsEscapeSequencesAndKeepsText) {
  EXPECT_EQ(printable("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(printable("\x1b[2Jgone\r\a"), "?[2Jgone??");
  EXPECT_EQ(printable("softmax(q kᵀ/√D) v"), "softmax(q kᵀ/√D) v");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "?2J");
  EXPECT_EQ(printable(""), "");
}

TEST(PrintableLine, ANameStaysOnOneLine) {
  EXPECT_EQ(printable_line("a\nb\tc\x1b[2J.cpp"), "a?b?c?[2J.cpp");
}

}  // namespace
}  // namespace unaided
