#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "process.h"
#include "session_store.h"

namespace unaided {

/// The words of $VISUAL or $EDITOR when they name an editor that runs in a terminal; empty when
/// they name another one or nothing.
std::vector<std::string> terminal_editor(const char* visual, const char* editor);

/// The terminal's side of a session: a private tmux server that is the host's child, and those who
/// attach to it.
class Screen {
 public:
  explicit Screen(const SessionFolder& folder);

  /// True where tmux is installed.
  static bool available();

  /// The host's part: a server that lives as long as the host, without a screen yet.
  Process start_server() const;
  /// Makes the screen: `left` in the left pane, the statement over the verdicts in the right ones.
  /// The screen ends with `left`. Throws Fault when tmux cannot do it.
  void make(const std::vector<std::string>& left) const;
  bool up() const;
  /// Hangs up on what runs in the left pane.
  void hang_up() const;
  /// Shows `text` in the status line for some seconds.
  void announce(const std::string& text) const;
  /// Asks the server to end and to give the terminals back as they were.
  void end() const;
  /// Removes what a server that is gone leaves behind.
  void clean_up() const;

  /// How wide the right panes are in a terminal of `columns`.
  static constexpr int right_columns(int columns) { return columns * kRightPercent / 100 - 2; }
  static constexpr int kRightPercent = 42;

  /// The terminal's part: shows the screen in this terminal until it is left or ends. Throws Fault.
  void attach() const;

 private:
  std::vector<std::string> tmux(const std::vector<std::string>& arguments) const;
  RunEnd tell(const std::vector<std::string>& arguments) const;

  SessionFolder folder_;
  std::filesystem::path socket_;
};

/// "NAME=value" of this process, less what names the tmux that it runs in.
std::vector<std::string> environment_of_caller();

/// Where a program (a path, or a name looked for in $PATH) lies; empty when it cannot be run.
std::filesystem::path program_place(const std::string& program);

/// Whether a sealed session has the program that lies there.
bool is_of_distribution(const std::filesystem::path& place);

/// Whether `program` (a path, or a name looked for in $PATH) can be run.
bool runnable(const std::string& program);

/// Runs a program with this terminal, in `folder`, to its end. Returns its exit status, or 128 and
/// the number of the signal that ended it. Throws Fault when it cannot be started.
int run_in_foreground(const std::vector<std::string>& argv, const std::filesystem::path& folder);

}  // namespace unaided
