// One row a folder, one a session, one a level, one a failed behaviour, one a time of the ladder.
// Words (format, phase, outcome) are kept as the ids that journals use, so that the file can be
// read with sqlite3, too.
#include "history_rows.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <SQLiteCpp/VariadicBind.h>
#include <fmt/format.h>

#include <array>

#include "fault.h"

namespace unaided {
namespace {

constexpr char kTables[] = R"(
CREATE TABLE folders (
  id TEXT PRIMARY KEY, journal_bytes INTEGER NOT NULL, journal_mtime_ns INTEGER NOT NULL,
  ladder_bytes INTEGER NOT NULL, ladder_mtime_ns INTEGER NOT NULL,
  problem TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, kata TEXT NOT NULL, format TEXT NOT NULL, phase TEXT NOT NULL,
  first_level INTEGER NOT NULL, last_level INTEGER NOT NULL, began_utc_ms INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL, outcome TEXT NOT NULL, passed INTEGER NOT NULL,
  checks INTEGER NOT NULL, points REAL NOT NULL, points_max INTEGER NOT NULL,
  sealed INTEGER NOT NULL, seal TEXT NOT NULL, saves INTEGER NOT NULL,
  check_runs INTEGER NOT NULL, submits INTEGER NOT NULL, hints INTEGER NOT NULL,
  longest_gap_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX sessions_by_time ON sessions (began_utc_ms, id);
CREATE TABLE levels (
  session TEXT NOT NULL, level INTEGER NOT NULL, passed INTEGER NOT NULL,
  checks INTEGER NOT NULL, points REAL NOT NULL, points_max INTEGER NOT NULL,
  began_ms INTEGER NOT NULL, reading_ms INTEGER, first_check_ms INTEGER, first_pass_ms INTEGER,
  PRIMARY KEY (session, level)) WITHOUT ROWID;
CREATE TABLE failed_behaviours (
  session TEXT NOT NULL, place INTEGER NOT NULL, level INTEGER NOT NULL, behaviour TEXT NOT NULL,
  failed INTEGER NOT NULL, checks INTEGER NOT NULL, points_lost REAL NOT NULL,
  PRIMARY KEY (session, place)) WITHOUT ROWID;
CREATE TABLE own_times (
  session TEXT NOT NULL, place INTEGER NOT NULL, kernel TEXT NOT NULL, problem TEXT NOT NULL,
  machine TEXT NOT NULL, time_s REAL NOT NULL, speed REAL NOT NULL, speed_low REAL NOT NULL,
  speed_high REAL NOT NULL, standing TEXT NOT NULL,
  PRIMARY KEY (session, place)) WITHOUT ROWID;
)";

constexpr std::array kTableNames = {"folders", "sessions", "levels", "failed_behaviours",
                                    "own_times"};

/// The sessions that a query means, the newest first.
constexpr char kChosen[] =
    "(SELECT id FROM sessions WHERE (?1 = '' OR kata = ?1) AND (?3 = '' OR phase = ?3) "
    "ORDER BY began_utc_ms DESC, id DESC LIMIT ?2)";

void bind_optional(SQLite::Statement& statement, int place, std::optional<std::int64_t> value) {
  if (value) {
    statement.bind(place, *value);
  } else {
    statement.bind(place);
  }
}

std::optional<std::int64_t> optional_of(const SQLite::Column& column) {
  if (column.isNull()) return std::nullopt;
  return column.getInt64();
}

Phase phase_of(const std::string& id) {
  for (const Phase phase : {Phase::kNew, Phase::kRunning, Phase::kFinished, Phase::kAbandoned}) {
    if (phase_id(phase) == id) return phase;
  }
  throw Fault("the index has a session that is '" + id + "': run ./unaided history rebuild");
}

Outcome outcome_of(const std::string& id) {
  if (const auto outcome = outcome_from_id(id)) return *outcome;
  throw Fault("the index has the outcome '" + id + "': run ./unaided history rebuild");
}

void insert_summary(SQLite::Database& database, const SessionSummary& row) {
  SQLite::Statement insert(database,
                           "INSERT INTO sessions VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  SQLite::bind(insert, row.id, row.kata, row.format, std::string(phase_id(row.phase)),
               row.first_level, row.last_level, row.began_utc_ms, row.duration_ms,
               std::string(outcome_row(row.outcome).id), row.passed, row.checks, row.points,
               row.points_max, row.sealed ? 1 : 0, row.seal, row.saves, row.check_runs, row.submits,
               row.hints, row.longest_gap_ms);
  insert.exec();
}

void insert_levels(SQLite::Database& database, const SessionSummary& row) {
  SQLite::Statement insert(database, "INSERT INTO levels VALUES (?,?,?,?,?,?,?,?,?,?)");
  for (const LevelSummary& level : row.levels) {
    SQLite::bind(insert, row.id, level.level, level.passed, level.checks, level.points,
                 level.points_max, level.began_ms);
    bind_optional(insert, 8, level.reading_ms);
    bind_optional(insert, 9, level.first_check_ms);
    bind_optional(insert, 10, level.first_pass_ms);
    insert.exec();
    insert.reset();
  }
}

void insert_failed(SQLite::Database& database, const SessionSummary& row) {
  SQLite::Statement insert(database, "INSERT INTO failed_behaviours VALUES (?,?,?,?,?,?,?)");
  int place = 0;
  for (const FailedBehaviour& one : row.failed) {
    SQLite::bind(insert, row.id, ++place, one.level, one.behaviour, one.failed, one.checks,
                 one.points_lost);
    insert.exec();
    insert.reset();
  }
}

void insert_ladder(SQLite::Database& database, const SessionSummary& row) {
  SQLite::Statement insert(database, "INSERT INTO own_times VALUES (?,?,?,?,?,?,?,?,?,?)");
  int place = 0;
  for (const OwnTime& one : row.ladder) {
    SQLite::bind(insert, row.id, ++place, one.kernel, one.problem, one.machine, one.time_s,
                 one.speed, one.speed_low, one.speed_high, one.standing);
    insert.exec();
    insert.reset();
  }
}

SessionSummary session_of(SQLite::Statement& row) {
  SessionSummary session;
  int column = 0;
  const auto text = [&] { return row.getColumn(column++).getString(); };
  const auto number = [&] { return row.getColumn(column++).getInt(); };
  const auto ms = [&] { return row.getColumn(column++).getInt64(); };
  session.id = text();
  session.kata = text();
  session.format = text();
  session.phase = phase_of(text());
  session.first_level = number();
  session.last_level = number();
  session.began_utc_ms = ms();
  session.duration_ms = ms();
  session.outcome = outcome_of(text());
  session.passed = number();
  session.checks = number();
  session.points = row.getColumn(column++).getDouble();
  session.points_max = number();
  session.sealed = number() != 0;
  session.seal = text();
  session.saves = number();
  session.check_runs = number();
  session.submits = number();
  session.hints = number();
  session.longest_gap_ms = ms();
  return session;
}

LevelSummary level_of(SQLite::Statement& row) {
  LevelSummary level;
  level.level = row.getColumn(1).getInt();
  level.passed = row.getColumn(2).getInt();
  level.checks = row.getColumn(3).getInt();
  level.points = row.getColumn(4).getDouble();
  level.points_max = row.getColumn(5).getInt();
  level.began_ms = row.getColumn(6).getInt64();
  level.reading_ms = optional_of(row.getColumn(7));
  level.first_check_ms = optional_of(row.getColumn(8));
  level.first_pass_ms = optional_of(row.getColumn(9));
  return level;
}

FailedBehaviour failed_of(SQLite::Statement& row) {
  return {row.getColumn(2).getInt(), row.getColumn(3).getString(), row.getColumn(4).getInt(),
          row.getColumn(5).getInt(), row.getColumn(6).getDouble()};
}

OwnTime own_time_of(SQLite::Statement& row) {
  return {row.getColumn(2).getString(), row.getColumn(3).getString(), row.getColumn(4).getString(),
          row.getColumn(5).getDouble(), row.getColumn(6).getDouble(), row.getColumn(7).getDouble(),
          row.getColumn(8).getDouble(), row.getColumn(9).getString()};
}

SQLite::Statement chosen(const SQLite::Database& database, const std::string& select,
                         const HistoryQuery& query) {
  SQLite::Statement statement(database, fmt::format(fmt::runtime(select), kChosen));
  statement.bind(1, query.kata);
  statement.bind(2, query.limit > 0 ? query.limit : -1);
  statement.bind(3, query.running ? std::string(phase_id(Phase::kRunning)) : "");
  return statement;
}

}  // namespace

void create_tables(SQLite::Database& database) {
  database.exec(kTables);
}

std::map<std::string, FolderRow> read_folders(const SQLite::Database& database) {
  std::map<std::string, FolderRow> folders;
  SQLite::Statement row(database, "SELECT * FROM folders ORDER BY id");
  while (row.executeStep()) {
    folders.emplace_hint(folders.end(), row.getColumn(0).getString(),
                         FolderRow{{row.getColumn(1).getInt64(), row.getColumn(2).getInt64()},
                                   {row.getColumn(3).getInt64(), row.getColumn(4).getInt64()},
                                   row.getColumn(5).getString()});
  }
  return folders;
}

std::vector<std::string> read_problems(const SQLite::Database& database) {
  std::vector<std::string> problems;
  SQLite::Statement row(database, "SELECT problem FROM folders WHERE problem <> '' ORDER BY id");
  while (row.executeStep()) problems.push_back(row.getColumn(0).getString());
  return problems;
}

void insert_session(SQLite::Database& database, const std::string& id, const FolderRow& folder,
                    const SessionSummary* summary) {
  SQLite::Statement insert(database, "INSERT INTO folders VALUES (?,?,?,?,?,?)");
  SQLite::bind(insert, id, folder.journal.bytes, folder.journal.mtime_ns, folder.ladder.bytes,
               folder.ladder.mtime_ns, folder.problem);
  insert.exec();
  if (summary == nullptr) return;
  insert_summary(database, *summary);
  insert_levels(database, *summary);
  insert_failed(database, *summary);
  insert_ladder(database, *summary);
}

void erase_everything(SQLite::Database& database) {
  for (const char* table : kTableNames) database.exec(fmt::format("DELETE FROM {}", table));
}

void erase_session(SQLite::Database& database, const std::string& id) {
  for (const char* erase :
       {"DELETE FROM folders WHERE id = ?", "DELETE FROM sessions WHERE id = ?",
        "DELETE FROM levels WHERE session = ?", "DELETE FROM failed_behaviours WHERE session = ?",
        "DELETE FROM own_times WHERE session = ?"}) {
    SQLite::Statement statement(database, erase);
    statement.bind(1, id);
    statement.exec();
  }
}

std::vector<SessionSummary> select_sessions(SQLite::Database& database, const HistoryQuery& query) {
  const SQLite::Transaction one_state(database);
  std::vector<SessionSummary> sessions;
  std::map<std::string, std::size_t> places;
  SQLite::Statement row =
      chosen(database, "SELECT * FROM sessions WHERE id IN {} ORDER BY began_utc_ms, id", query);
  while (row.executeStep()) {
    sessions.push_back(session_of(row));
    places.emplace(sessions.back().id, sessions.size() - 1);
  }
  const auto owner = [&](const SQLite::Statement& part) -> SessionSummary& {
    return sessions.at(places.at(part.getColumn(0).getString()));
  };
  SQLite::Statement level =
      chosen(database, "SELECT * FROM levels WHERE session IN {} ORDER BY session, level", query);
  while (level.executeStep()) owner(level).levels.push_back(level_of(level));
  SQLite::Statement failed =
      chosen(database,
             "SELECT * FROM failed_behaviours WHERE session IN {} ORDER BY session, place", query);
  while (failed.executeStep()) owner(failed).failed.push_back(failed_of(failed));
  SQLite::Statement time = chosen(
      database, "SELECT * FROM own_times WHERE session IN {} ORDER BY session, place", query);
  while (time.executeStep()) owner(time).ladder.push_back(own_time_of(time));
  return sessions;
}

std::string dump_tables(const SQLite::Database& database) {
  std::string text;
  for (const char* table : kTableNames) {
    text += fmt::format("{}\n", table);
    SQLite::Statement row(database, fmt::format("SELECT * FROM {} ORDER BY 1, 2", table));
    while (row.executeStep()) {
      for (int i = 0; i < row.getColumnCount(); ++i) {
        text += fmt::format("{}{}", i == 0 ? "" : "|", row.getColumn(i).getString());
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace unaided
