#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "session_store.h"
#include "summary.h"

namespace SQLite {
class Database;
}

namespace unaided {

/// The version of the index's form.
inline constexpr int kHistorySchema = 2;

/// Which sessions are meant.
struct HistoryQuery {
  std::string kata;      // empty: all
  int limit = 0;         // the newest so many; 0: all
  bool running = false;  // only those that have not ended
};

/// The index over all sessions, a SQLite database (history.db, WAL). The sessions' folders are the
/// truth: opening it reads those again whose journal or ladder has changed, so whatever was killed
/// when, it is right. Any number of processes may have it open.
class History {
 public:
  /// Opens the index and brings it up to date. A damaged or foreign file is moved aside and made
  /// anew; where nothing can be written the index lives in memory; both are said in remarks().
  /// Throws Fault, touching nothing, when the index was written by a newer version.
  explicit History(const SessionStore& store);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// Sessions that were begun, the oldest first.
  std::vector<SessionSummary> sessions(const HistoryQuery& query = {}) const;

  /// Reads every session's folder again.
  void rebuild();

  /// One sentence for each thing that the user should know: sessions that cannot be read, a damaged
  /// index, a disk that cannot be written.
  std::vector<std::string> remarks() const;

  /// The whole index as text, a line a row: equal for equal indexes.
  std::string dump() const;

 private:
  void open();
  void replace_damaged();
  void refresh(bool everything);

  SessionStore store_;
  std::unique_ptr<SQLite::Database> database_;
  std::vector<std::string> remarks_;  // about the file
};

}  // namespace unaided
