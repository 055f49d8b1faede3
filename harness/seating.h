#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "process.h"
#include "screen.h"
#include "seat.h"
#include "session_store.h"

namespace unaided {

/// The candidate's place in a session, a child of the host: the private tmux server, whose left
/// pane is the sealed seat, or a plain shell in an unsealed session. All of it ends with the host.
class Seating {
 public:
  Seating(SessionFolder folder, bool sealed);
  ~Seating();
  Seating(const Seating&) = delete;
  Seating& operator=(const Seating&) = delete;

  /// Makes the screen unless it is up: `command`, then a shell, beside statement and verdicts.
  /// Throws Fault when tmux cannot do it.
  void open(const std::vector<std::string>& command);

  /// Looks at the sealed seat from outside and keeps what was seen in seal.json. Does nothing in an
  /// unsealed session or while nobody sits there.
  void inspect(std::int64_t now_ms);

  /// Ends what runs in a sealed seat once it has too many processes or fills the disk; returns the
  /// sentence that says so, else nothing. To be called every kPollMs: the size of a single file is
  /// limited by the kernel, their sum and the number of processes by this alone.
  std::string bound() const;
  static constexpr int kPollMs = 500;
  static constexpr std::size_t kProcessesMax = 256;
  static constexpr std::uintmax_t kDiskMbMax = 1024;

  /// Shows a line of text on the screen for a few seconds; does nothing where there is none.
  void announce(const std::string& text) const;

  /// Whether a process that speaks to the host is in the seat; one that is gone may have been.
  bool is_inside(pid_t pid) const;

  /// Asks the editors to leave, which keep unsaved text beside the attempt; then ends everything.
  /// What they kept is copied to the session's rescued/; returns the names.
  std::vector<std::string> close();

 private:
  std::vector<std::string> left_pane(const std::vector<std::string>& command) const;
  std::optional<SeatInfo> seat() const;

  SessionFolder folder_;
  bool sealed_;
  Screen screen_;
  Process server_;
};

}  // namespace unaided
