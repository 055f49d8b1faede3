#include "session_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "fault.h"
#include "installation.h"
#include "journal.h"
#include "sha256.h"
#include "spelling.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kVersionBytesMax = 64;

fs::path version_file(const fs::path& root) {
  return root / "version";
}

void refuse_newer_version(const fs::path& root) {
  if (!fs::exists(version_file(root))) return;
  const std::string text = read_text_file(version_file(root), kVersionBytesMax);
  const int version = std::atoi(text.c_str());
  if (version >= 1 && version <= kStateVersion) return;
  throw Fault(
      fmt::format("{} is of version {}, this unaided knows up to {}: update unaided, or set "
                  "XDG_STATE_HOME to another place; nothing was touched",
                  root.string(), text.substr(0, text.find('\n')), kStateVersion));
}

/// "20261121-1405" out of "2026-11-21T14:05:09.123+00:00".
std::string compact_minute(std::int64_t utc_ms) {
  const std::string text = utc_text(utc_ms);
  return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2) + "-" + text.substr(11, 2) +
         text.substr(14, 2);
}

/// An OFD lock: probed without taking it, released by the kernel with the last descriptor.
struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

fs::path SessionFolder::snapshot(const std::string& hash) const {
  return path / "snapshots" / (hash + ".cpp");
}

fs::path SessionFolder::runtime_path(const std::string& suffix) const {
  return runtime_folder() / (short_hash(sha256(path.string())) + suffix);
}

Session SessionFolder::replay() const {
  Session session;
  for (const nlohmann::json& event : read_journal(journal()).events) {
    session = unaided::apply(std::move(session), from_journal(event));
  }
  return session;
}

bool SessionFolder::hosted() const {
  const Descriptor file(open(lock().c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  struct flock probe = whole_file(F_RDLCK);
  if (fcntl(file.get(), F_OFD_GETLK, &probe) != 0) throw_errno("cannot look at " + lock().string());
  return probe.l_type != F_UNLCK;
}

SessionLock::SessionLock(const SessionFolder& folder)
    : file_(open(folder.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (!file_) throw_errno("cannot open " + folder.lock().string());
  struct flock wanted = whole_file(F_WRLCK);
  if (fcntl(file_.get(), F_OFD_SETLK, &wanted) == 0) {
    const std::string pid = std::to_string(getpid()) + "\n";  // for people who look
    if (ftruncate(file_.get(), 0) == 0 && write(file_.get(), pid.data(), pid.size()) > 0) return;
    throw_errno("cannot write " + folder.lock().string());
  }
  if (errno != EAGAIN && errno != EACCES) throw_errno("cannot lock " + folder.lock().string());
  throw Fault("session " + folder.id() + " is already running");
}

SessionStore::SessionStore(const fs::path& state_folder)
    : root_(fs::absolute(state_folder)), sessions_(root_ / "sessions") {
  refuse_newer_version(root_);
}

SessionFolder SessionStore::create(const std::string& kata, LevelSpan levels,
                                   const Moment& now) const {
  fs::create_directories(sessions_);
  if (!fs::exists(version_file(root_))) {
    write_durably(version_file(root_), std::to_string(kStateVersion) + "\n");
  }
  std::string base = fmt::format("{}-{}-l{}", compact_minute(now.utc_ms), kata, levels.first);
  if (levels.last != levels.first) base += fmt::format("-{}", levels.last);
  std::string id = base;
  for (int again = 2;; ++again) {
    if (mkdir((sessions_ / id).c_str(), 0700) == 0) return {sessions_ / id};
    if (errno != EEXIST) throw_errno("cannot make " + (sessions_ / id).string());
    id = fmt::format("{}-{}", base, again);
  }
}

SessionFolder SessionStore::find(const std::string& id_or_path) const {
  const bool is_path = id_or_path.starts_with('/');
  const SessionFolder folder{is_path ? fs::path(id_or_path) : sessions_ / id_or_path};
  const bool plain = is_path || id_or_path.find('/') == std::string::npos;
  if (plain && fs::exists(folder.journal())) {
    refuse_newer_version(folder.path.parent_path().parent_path());
    return folder;
  }
  std::vector<std::string> ids;
  for (const SessionFolder& known : all()) ids.push_back(known.id());
  throw Fault(fmt::format("there is no session {}{}", id_or_path, did_you_mean(id_or_path, ids)));
}

std::vector<SessionFolder> SessionStore::all() const {
  std::vector<SessionFolder> folders;
  if (!fs::exists(sessions_)) return folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(sessions_)) {
    const SessionFolder folder{entry.path()};
    if (fs::exists(folder.journal())) folders.push_back(folder);
  }
  std::sort(folders.begin(), folders.end(), [](const SessionFolder& a, const SessionFolder& b) {
    return a.path.native() < b.path.native();
  });
  return folders;
}

void write_durably(const fs::path& file, std::string_view text) {
  const fs::path fresh = file.string() + ".new";
  try {
    write_text_file(fresh, text);
    const Descriptor written(open(fresh.c_str(), O_RDONLY | O_CLOEXEC));
    if (!written || fsync(written.get()) != 0) throw_errno("cannot write " + fresh.string());
  } catch (const Fault&) {
    std::error_code ignored;
    fs::remove(fresh, ignored);
    throw;
  }
  fs::rename(fresh, file);
  const Descriptor folder(open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) fsync(folder.get());
}

}  // namespace unaided
