#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "history.h"
#include "summary.h"

// The tables of the index and the one way from a summary into them and back. All of these throw
// SQLite::Exception.
namespace unaided {

/// What tells that a file is another one; zeros where there is none.
struct FileMark {
  std::int64_t bytes = 0;
  std::int64_t mtime_ns = 0;

  bool operator==(const FileMark&) const = default;
};

/// A session's folder as it was when it was read, and what of it could not be read.
struct FolderRow {
  FileMark journal;
  FileMark ladder;
  std::string problem;  // one sentence, or empty

  bool operator==(const FolderRow&) const = default;
};

void create_tables(SQLite::Database& database);

/// By session id.
std::map<std::string, FolderRow> read_folders(const SQLite::Database& database);

/// Adds `folder`, and `summary` where there is one, for a session of which nothing is known.
void insert_session(SQLite::Database& database, const std::string& id, const FolderRow& folder,
                    const SessionSummary* summary);

/// The problems of all folders that have one, in the order of their ids.
std::vector<std::string> read_problems(const SQLite::Database& database);

void erase_everything(SQLite::Database& database);
void erase_session(SQLite::Database& database, const std::string& id);

/// As History::sessions().
std::vector<SessionSummary> select_sessions(SQLite::Database& database, const HistoryQuery& query);

/// As History::dump().
std::string dump_tables(const SQLite::Database& database);

}  // namespace unaided
