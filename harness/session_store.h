#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "clock.h"
#include "level_span.h"
#include "process.h"
#include "session.h"

namespace unaided {

/// The version of the state folder's form.
inline constexpr int kStateVersion = 1;

/// Where one session keeps what. Plain files; the journal is the truth.
struct SessionFolder {
  std::filesystem::path path;

  std::string id() const { return path.filename().string(); }
  std::filesystem::path journal() const { return path / "journal"; }
  std::filesystem::path starter() const { return path / "starter.cpp"; }
  std::filesystem::path workspace() const { return path / "workspace"; }
  std::filesystem::path log() const { return path / "host.log"; }
  std::filesystem::path lock() const { return path / "lock"; }
  std::filesystem::path socket() const { return path / "socket"; }    // names the host's socket
  std::filesystem::path home() const { return path / "home"; }        // of a sealed session
  std::filesystem::path rescued() const { return path / "rescued"; }  // unsaved text, unscored
  std::filesystem::path statement() const { return path / "statement.md"; }
  std::filesystem::path seal_plan() const { return path / "seal-plan.json"; }
  std::filesystem::path seal_report() const { return path / "seal.json"; }
  std::filesystem::path ladder() const { return path / "ladder.json"; }  // of `debrief --bench`
  std::filesystem::path seat_info() const { return path / "seat.json"; }
  /// In the runtime folder, since a socket's path must be short.
  std::filesystem::path runtime_path(const std::string& suffix) const;
  std::filesystem::path host_socket() const { return runtime_path(".sock"); }
  std::filesystem::path snapshot(const std::string& hash) const;
  std::filesystem::path result(const std::string& name) const { return path / "results" / name; }

  /// The state that the journal adds up to. Throws Fault when it is damaged or newer.
  Session replay() const;
  /// True while a host holds the session's lock.
  bool hosted() const;
};

/// Held by the host while it lives. The kernel lets go of it however the host ends.
class SessionLock {
 public:
  /// Throws Fault when another host has it.
  explicit SessionLock(const SessionFolder& folder);

 private:
  Descriptor file_;
};

/// All sessions, in <state folder>/sessions/.
class SessionStore {
 public:
  /// Throws Fault, touching nothing, when the state folder is of a newer version.
  explicit SessionStore(const std::filesystem::path& state_folder);

  /// A new, empty session folder: "20261121-1405-attention-l2", in UTC.
  SessionFolder create(const std::string& kata, LevelSpan levels, const Moment& now) const;

  /// By id, or by the folder's absolute path (as $UNAIDED_SESSION has it). Throws Fault for an
  /// unknown one, with the nearest id.
  SessionFolder find(const std::string& id_or_path) const;

  /// Every session that was begun, the oldest first.
  std::vector<SessionFolder> all() const;

  /// The SQLite index over the sessions; see history.h.
  std::filesystem::path index() const { return root_ / "history.db"; }

 private:
  std::filesystem::path root_;
  std::filesystem::path sessions_;
};

/// Writes a file that survives a power cut once this returns, whole or not at all.
void write_durably(const std::filesystem::path& file, std::string_view text);

}  // namespace unaided
