#pragma once

#include <filesystem>
#include <string>

#include "format.h"
#include "installation.h"
#include "kata.h"
#include "level_span.h"
#include "process.h"

namespace unaided {

/// What a workspace is made for.
struct WorkspacePlan {
  std::filesystem::path folder;   // made by write_workspace
  std::filesystem::path session;  // the session's folder: ./u names it
  std::filesystem::path program;  // this program: ./u runs it
  LevelSpan levels;               // shown at the start
  std::string format = "drill";
  int planted_bugs = 0;  // the attempt is a solution with so many bugs in it
};

inline constexpr char kTryName[] = "try.cpp";

/// The attempt that a session starts with: a drill of `level`, or the kata's level 1 where a format
/// goes through all of them.
std::string starting_attempt(const Kata& kata, const FormatRow& format, int level);

/// Makes the candidate's folder: README.md (the statements), the contracts levelK.h up to the last
/// level, the attempt, try.cpp, what clangd needs, and the shim ./u. Throws Fault.
void write_workspace(const WorkspacePlan& plan, const Kata& kata, const Installation& installation,
                     const std::string& attempt);

/// Rewrites README.md and the contracts for these levels, once more of them are to be seen. The
/// folder is the candidate's: what lies in the way is replaced, never followed. Throws Fault.
void show_levels(const std::filesystem::path& folder, const Kata& kata, const FormatRow& format,
                 LevelSpan levels, int planted_bugs = 0);

/// Puts `starter` in the place of the attempt. What lay there, whatever it is, is kept beside it;
/// returns its new name ("attention.old-1.cpp"), or "" when nothing lay there. Throws Fault.
std::string reset_attempt(const std::filesystem::path& folder, const std::string& attempt_name,
                          const std::string& starter);

/// Tells when a file in a folder was saved: written in place, or renamed to (as editors do).
class SaveWatch {
 public:
  /// Throws Fault when the folder cannot be watched.
  SaveWatch(const std::filesystem::path& folder, std::string name);

  int fd() const { return inotify_.get(); }  // readable when something happened
  /// Takes all that happened; true when the file was saved among it. Never blocks.
  bool saved();
  /// False once the folder itself was removed or moved away.
  bool watching() const { return watching_; }

 private:
  Descriptor inotify_;
  std::string name_;
  bool watching_ = true;
};

}  // namespace unaided
