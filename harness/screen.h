#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "session_store.h"

namespace unaided {

/// The words of $VISUAL or $EDITOR when they name an editor that runs in a terminal; empty when
/// they name another one or nothing.
std::vector<std::string> terminal_editor(const char* visual, const char* editor);

/// Two panes of a private tmux server: a program over the workspace left, live verdicts right.
class Screen {
 public:
  explicit Screen(const SessionFolder& folder);

  /// True where tmux is installed.
  static bool available();

  /// Shows the screen in this terminal until it is left; makes it first if need be, with `command`
  /// (then a shell) in the left pane and `watch` (then its last output) in the right one. Throws
  /// Fault when tmux cannot do it.
  void show(const std::vector<std::string>& command, const std::vector<std::string>& watch) const;

 private:
  std::vector<std::string> tmux(const std::vector<std::string>& arguments) const;
  bool made() const;
  void make(const std::vector<std::string>& command, const std::vector<std::string>& watch) const;

  SessionFolder folder_;
  std::filesystem::path socket_;
};

/// Whether `program` (a path, or a name looked for in $PATH) can be run.
bool runnable(const std::string& program);

/// Runs a program with this terminal, in `folder`, to its end. Returns its exit status, or 128 and
/// the number of the signal that ended it. Throws Fault when it cannot be started.
int run_in_foreground(const std::vector<std::string>& argv, const std::filesystem::path& folder);

}  // namespace unaided
