#include "screen.h"

#include <gtest/gtest.h>

#include "fault.h"

namespace unaided {
namespace {

using Words = std::vector<std::string>;

TEST(TerminalEditor, IsWhatVisualOrEditorNames) {
  EXPECT_EQ(terminal_editor("nvim -p", "nano"), (Words{"nvim", "-p"}));
  EXPECT_EQ(terminal_editor("", "/usr/bin/nano"), (Words{"/usr/bin/nano"}));
  EXPECT_EQ(terminal_editor(nullptr, "vim"), (Words{"vim"}));
}

TEST(TerminalEditor, KeepsEmacsInTheTerminal) {
  EXPECT_EQ(terminal_editor("emacs", nullptr), (Words{"emacs", "-nw"}));
  EXPECT_EQ(terminal_editor("emacs -nw", nullptr), (Words{"emacs", "-nw"}));
}

TEST(TerminalEditor, IsNoneForWindowsAndStrangers) {
  for (const char* editor : {"code --wait", "gvim", "subl", "", " "}) {
    EXPECT_TRUE(terminal_editor(editor, nullptr).empty()) << editor;
  }
  EXPECT_TRUE(terminal_editor(nullptr, nullptr).empty());
  EXPECT_TRUE(terminal_editor("code", "vim").empty()) << "$VISUAL wins";
}

TEST(Runnable, IsAPathOrANameInPath) {
  EXPECT_TRUE(runnable("sh"));
  EXPECT_TRUE(runnable("/bin/sh"));
  EXPECT_FALSE(runnable("no-such-program"));
  EXPECT_FALSE(runnable("/etc/passwd"));
}

TEST(RunInForeground, ReturnsTheExitStatusAndRunsInTheFolder) {
  EXPECT_EQ(run_in_foreground({"/bin/sh", "-c", "test \"$PWD\" = /usr && exit 7"}, "/usr"), 7);
  EXPECT_EQ(run_in_foreground({"/bin/sh", "-c", "kill -9 $$"}, "/"), 128 + 9);
  EXPECT_THROW(run_in_foreground({"/no/such/program"}, "/"), Fault);
}

}  // namespace
}  // namespace unaided
