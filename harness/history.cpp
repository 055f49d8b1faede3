// What is in the index can be made again from the folders, so it is treated lightly: whatever does
// not agree with its folder is read again, what is damaged is moved aside, what cannot be written
// is made in memory. Only an index that a newer program wrote is left alone and refused.
//
// A folder is looked at before it is read. Should its journal grow in between, the index holds the
// older size, does not agree with the folder, and the next reader reads it again.
#include "history.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "fault.h"
#include "history_rows.h"
#include "session_ladder.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr int kApplicationId = 0x756e6164;  // "unad": what `file` and foreign programs see
constexpr int kBusyMsMax = 20'000;
constexpr int kOpenFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

/// What is wrong with the file, by SQLite's word for it.
enum class Trouble { kDamaged, kUnwritable, kBusy, kOther };

constexpr struct {
  int code;
  Trouble trouble;
} kTroubles[] = {
    {SQLITE_NOTADB, Trouble::kDamaged},      {SQLITE_CORRUPT, Trouble::kDamaged},
    {SQLITE_READONLY, Trouble::kUnwritable}, {SQLITE_CANTOPEN, Trouble::kUnwritable},
    {SQLITE_FULL, Trouble::kUnwritable},     {SQLITE_IOERR, Trouble::kUnwritable},
    {SQLITE_PERM, Trouble::kUnwritable},     {SQLITE_BUSY, Trouble::kBusy},
};

Trouble trouble_of(const SQLite::Exception& error) {
  for (const auto& row : kTroubles) {
    if (row.code == (error.getErrorCode() & 0xFF)) return row.trouble;
  }
  return Trouble::kOther;
}

int pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

/// Held while a file is made or moved aside: one process at a time.
class IndexLock {
 public:
  explicit IndexLock(const fs::path& index)
      : file_(::open((index.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    while (file_ && flock(file_.get(), LOCK_EX) != 0 && errno == EINTR) continue;
  }

 private:
  Descriptor file_;
};

/// A name that is free: history.db.damaged, history.db.damaged-2, …
std::string free_name(const fs::path& index) {
  const std::string base = index.string() + ".damaged";
  std::string name = base;
  for (int again = 2; fs::exists(name); ++again) name = fmt::format("{}-{}", base, again);
  return name;
}

/// Moves the file with what SQLite keeps beside it. Returns its new name.
std::string set_aside(const fs::path& index) {
  const std::string aside = free_name(index);
  for (const char* part : {"", "-wal", "-shm"}) {
    std::error_code none;
    fs::rename(index.string() + part, aside + part, none);
  }
  return aside;
}

/// Makes an empty file ours. Throws Fault for a newer one, SQLite::Exception for a foreign one.
void prepare(SQLite::Database& database, const fs::path& index) {
  database.setBusyTimeout(kBusyMsMax);
  const int schema = pragma(database, "user_version");
  const int tables = database.execAndGet("SELECT count(*) FROM sqlite_master").getInt();
  const bool ours = pragma(database, "application_id") == kApplicationId;
  if (ours && schema > kHistorySchema) {
    throw Fault(fmt::format(
        "{} was written by a newer unaided (version {} of the index, this one knows {}): update "
        "unaided; nothing was touched",
        index.string(), schema, kHistorySchema));
  }
  if (ours && schema == kHistorySchema) return;
  if (tables > 0) throw SQLite::Exception("not an index of unaided", SQLITE_NOTADB);
  database.exec("PRAGMA journal_mode = WAL");
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::EXCLUSIVE);
  create_tables(database);
  database.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
  database.exec(fmt::format("PRAGMA user_version = {}", kHistorySchema));
  transaction.commit();
}

std::unique_ptr<SQLite::Database> open_file(const fs::path& index) {
  auto database = std::make_unique<SQLite::Database>(index.string(), kOpenFlags, kBusyMsMax);
  prepare(*database, index);
  database->exec("PRAGMA synchronous = NORMAL");
  return database;
}

std::unique_ptr<SQLite::Database> open_memory(const fs::path& index) {
  auto database = std::make_unique<SQLite::Database>(":memory:", kOpenFlags);
  prepare(*database, index);
  return database;
}

FileMark mark_of(const fs::path& file) {
  struct stat facts {};
  if (stat(file.c_str(), &facts) != 0) return {};
  return {facts.st_size,
          facts.st_mtim.tv_sec * std::int64_t{1'000'000'000} + facts.st_mtim.tv_nsec};
}

FolderRow look_at(const SessionFolder& folder) {
  return {mark_of(folder.journal()), mark_of(folder.ladder()), ""};
}

/// Reads a folder into the index. What cannot be read hides no other session.
void take_up(SQLite::Database& database, const SessionFolder& folder, FolderRow seen) {
  try {
    const Session session = folder.replay();
    if (session.phase == Phase::kNew) return insert_session(database, folder.id(), seen, nullptr);
    SessionSummary summary = summarize(session, results_of(folder));
    summary.id = folder.id();
    const KeptLadder kept = kept_ladder(folder);
    if (kept.report) summary.ladder = own_times(*kept.report);
    seen.problem = kept.problem;
    insert_session(database, folder.id(), seen, &summary);
  } catch (const Fault& fault) {
    seen.problem = fault.what();
    insert_session(database, folder.id(), seen, nullptr);
  }
}

/// The words of SQLite as a sentence of ours.
Fault fault_of(const SQLite::Exception& error, const fs::path& index) {
  const char* next = trouble_of(error) == Trouble::kDamaged
                         ? "`unaided history rebuild` makes it anew"
                         : "try again";
  return Fault(
      fmt::format("the index {} cannot be used ({}): {}", index.string(), error.what(), next));
}

template <typename Work>
auto guarded(const fs::path& index, const Work& work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    throw fault_of(error, index);
  }
}

}  // namespace

History::History(const SessionStore& store) : store_(store) {
  try {
    open();
    return;
  } catch (const SQLite::Exception& error) {
    if (trouble_of(error) != Trouble::kUnwritable) throw fault_of(error, store_.index());
    remarks_.push_back(
        fmt::format("the index {} cannot be written ({}): it is made in memory, each time anew",
                    store_.index().string(), error.what()));
  }
  guarded(store_.index(), [this] {
    database_ = open_memory(store_.index());
    refresh(/*everything=*/false);
  });
}

History::~History() = default;

void History::open() {
  try {
    const IndexLock lock(store_.index());
    database_ = open_file(store_.index());
  } catch (const SQLite::Exception& error) {
    if (trouble_of(error) != Trouble::kDamaged) throw;
    replace_damaged();
  }
  try {
    refresh(/*everything=*/false);
  } catch (const SQLite::Exception& error) {
    if (trouble_of(error) != Trouble::kDamaged) throw;
    replace_damaged();
    refresh(/*everything=*/false);
  }
}

void History::replace_damaged() {
  database_.reset();
  const IndexLock lock(store_.index());
  const std::string aside = set_aside(store_.index());
  remarks_.push_back(fmt::format(
      "the index {} was damaged, foreign or older: it is kept as {}, a new one was made from the "
      "sessions",
      store_.index().string(), aside));
  database_ = open_file(store_.index());
}

void History::refresh(bool everything) {
  std::map<std::string, FolderRow> known = read_folders(*database_);
  std::vector<std::pair<SessionFolder, FolderRow>> changed;
  for (const SessionFolder& folder : store_.all()) {
    const FolderRow seen = look_at(folder);
    const auto row = known.extract(folder.id());
    const bool current = !row.empty() && row.mapped() == seen;
    if (everything || !current) changed.emplace_back(folder, seen);
  }
  if (changed.empty() && known.empty()) return;
  SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
  if (everything) erase_everything(*database_);
  for (const auto& [id, row] : known) erase_session(*database_, id);
  for (const auto& [folder, seen] : changed) {
    if (!everything) erase_session(*database_, folder.id());
    take_up(*database_, folder, seen);
  }
  transaction.commit();
}

void History::rebuild() {
  guarded(store_.index(), [this] {
    const std::string found = database_->execAndGet("PRAGMA quick_check(1)").getString();
    if (found != "ok") replace_damaged();
    refresh(/*everything=*/true);
  });
}

std::vector<SessionSummary> History::sessions(const HistoryQuery& query) const {
  return guarded(store_.index(), [&] { return select_sessions(*database_, query); });
}

std::vector<std::string> History::remarks() const {
  std::vector<std::string> remarks = remarks_;
  const auto problems = guarded(store_.index(), [this] { return read_problems(*database_); });
  remarks.insert(remarks.end(), problems.begin(), problems.end());
  return remarks;
}

std::string History::dump() const {
  return guarded(store_.index(), [this] { return dump_tables(*database_); });
}

}  // namespace unaided
