#pragma once

#include <optional>
#include <string>

#include "grader.h"
#include "installation.h"
#include "kata.h"
#include "terminal.h"

namespace unaided {

/// What every command shares: made once in main, handed to each command's add_ function. Nothing is
/// looked up before a command asks for it, so that `--help` works in a broken installation.
class CommandContext {
 public:
  /// How the user calls the program, for messages: "./unaided", or "./u" in a workspace (from
  /// $UNAIDED_COMMAND, which the shims set).
  std::string program = "./unaided";
  ColourChoice colour = ColourChoice::kAuto;

  /// What main returns: 0 everything asked for passed, 1 the attempt fell short, 2 the harness or
  /// its use is at fault (throw Fault rather than setting it), 130 interrupted.
  int exit_code = 0;

  /// Cancelled by Ctrl-C; its fd belongs in every poll set that can wait long. The second Ctrl-C
  /// ends the process at once.
  CancelToken interrupt;

  /// Throws Fault as load_installation() does.
  const Installation& installation();
  const Terminal& terminal();
  /// load_kata() below the installation's root.
  Kata kata(const std::string& id);

 private:
  std::optional<Installation> installation_;
  std::optional<Terminal> terminal_;
};

/// The groups of the help, in the order shown.
inline constexpr char kPractiseGroup[] = "Practise";
inline constexpr char kLookGroup[] = "Look";
inline constexpr char kGradeGroup[] = "Grade";
inline constexpr char kLookAfterGroup[] = "Look after";
inline constexpr char kAuthorsGroup[] = "For authors of katas";

}  // namespace unaided
