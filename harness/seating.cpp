// Host → tmux → bubblewrap → shell: each is the parent of the next and takes it along when it dies.
// The host does not trust what goes on in the seat; it looks at it from outside.
#include "seating.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "attempt.h"
#include "compiler.h"
#include "fault.h"
#include "seal_verification.h"
#include "sealing.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPlanBytesMax = 256 * 1024;
constexpr std::chrono::milliseconds kFarewell(400);  // until editors have kept unsaved text
constexpr int kServerEndMsMax = 3000;
constexpr std::size_t kRescuedMax = 8;
constexpr std::size_t kFilesMax = 20'000;
constexpr int kDepthMax = 64;

/// What vim, nano and emacs leave in the workspace when they are hung up on.
bool is_recovery_file(const std::string& name) {
  const bool swap = name.starts_with('.') && name.find(".sw") != std::string::npos;
  const bool saved = name.find(".save") != std::string::npos;
  const bool automatic = name.starts_with('#') && name.ends_with('#');
  return swap || saved || automatic;
}

/// Folders of a session in which editors keep such files, and whether other files lie there.
constexpr struct {
  const char* place;
  bool others;
} kRecoveryFolders[] = {
    {"workspace", true},
    {"home/.local/share/nvim/swap", false},  // neovim up to 0.7, and later
    {"home/.local/state/nvim/swap", false},
    {"home/.config/micro/backups", false},
};

/// Editors may keep their text only while the shell that started them is there: it is bubblewrap's
/// child, with which everything in the seat ends.
bool holds_the_seat(const SeatProcess& process, const SeatInfo& seat) {
  return process.pid == seat.pid || process.parent == seat.pid;
}

/// Copies, without following links, and no more than fits.
std::vector<std::string> rescue(const SessionFolder& session) {
  std::vector<std::string> names;
  std::error_code error;
  const fs::path real = fs::canonical(session.path, error);
  for (const auto& [place, others] : kRecoveryFolders) {
    const fs::path from = real / place;
    if (fs::canonical(from, error) != from) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(from, error)) {
      const std::string name = entry.path().filename().string();
      if ((others && !is_recovery_file(name)) || names.size() == kRescuedMax) continue;
      const std::string bytes = read_hostile_file(from, name);
      if (bytes.empty()) continue;
      write_text_file(session.rescued() / name, bytes);
      names.push_back(name);
    }
  }
  return names;
}

/// Bytes below a folder that nobody can be trusted to keep small: links are not followed, and too
/// many files, or a tree that cannot be walked, count as no end of bytes.
std::uintmax_t disk_use(const fs::path& folder) {
  constexpr std::uintmax_t kEndless = ~std::uintmax_t{0};
  constexpr std::uintmax_t kBlockBytes = 512;
  std::uintmax_t bytes = 0;
  std::size_t files = 0;
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(
      folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (++files > kFilesMax || entry.depth() > kDepthMax) return kEndless;
    struct stat status {};
    if (lstat(entry->path().c_str(), &status) != 0) continue;  // gone meanwhile
    bytes += static_cast<std::uintmax_t>(status.st_blocks) * kBlockBytes;
  }
  return bytes;
}

SealPlan read_plan(const SessionFolder& folder) {
  return nlohmann::json::parse(read_text_file(folder.seal_plan(), kPlanBytesMax));
}

}  // namespace

Seating::Seating(SessionFolder folder, bool sealed)
    : folder_(std::move(folder)), sealed_(sealed), screen_(folder_) {}

Seating::~Seating() = default;

void Seating::open(const std::vector<std::string>& command) {
  if (server_.running() && screen_.up()) return;
  std::error_code ignored;
  fs::remove(folder_.seat_info(), ignored);
  server_ = screen_.start_server();
  screen_.make(left_pane(command));
}

/// The command, then a shell, whatever became of the command.
std::vector<std::string> Seating::left_pane(const std::vector<std::string>& command) const {
  std::string line;
  for (const std::string& word : command) line += shell_quoted(word) + " ";
  if (!sealed_)
    return {"/bin/sh", "-c",
            (line.empty() ? "" : line + "; ") + std::string("exec \"${SHELL:-/bin/sh}\"")};
  const std::vector<std::string> shell = {"/usr/bin/env", "UNAIDED_FIRST=" + line, "/bin/bash"};
  return seat_command(fs::read_symlink("/proc/self/exe"), folder_.seal_plan(), folder_.seat_info(),
                      shell);
}

std::optional<SeatInfo> Seating::seat() const {
  if (!sealed_) return std::nullopt;
  const auto info = read_seat_info(folder_.seat_info());
  return info && inside_seat(info->pid, *info) ? info : std::nullopt;
}

void Seating::inspect(std::int64_t now_ms) {
  const auto info = seat();
  if (!info || !seat_started(*info)) return;
  auto report = read_seal_report(folder_);
  if (!report) return;
  add_findings(*report, inspect_seat(*info, read_plan(folder_)), now_ms);
  write_seal_report(folder_, *report);
}

std::string Seating::bound() const {
  const auto info = seat();
  if (!info) return "";
  std::string reason;
  const std::size_t count = seat_processes(*info).size();
  if (count > kProcessesMax) {
    reason = fmt::format("{} processes were running, at most {} may", count, kProcessesMax);
  }
  const fs::path places[] = {folder_.workspace(), folder_.home()};
  for (const fs::path& place : places) {
    if (disk_use(place) <= kDiskMbMax << 20) continue;
    reason = fmt::format("{} holds more than {} MB or {} files; remove some", place.string(),
                         kDiskMbMax, kFilesMax);
  }
  if (reason.empty()) return "";
  kill(info->pid, SIGKILL);  // the first process takes the others along
  return reason + ": what ran in the seat was ended; `resume` sits you down again";
}

void Seating::announce(const std::string& text) const {
  if (server_.running()) screen_.announce(text);
}

bool Seating::is_inside(pid_t pid) const {
  return sealed_ && namespace_of(pid, "pid") != namespace_of(getpid(), "pid");
}

std::vector<std::string> Seating::close() {
  const auto info = seat();
  if (!info && !server_.running()) return {};
  if (info) {
    for (const SeatProcess& process : seat_processes(*info)) {
      if (!holds_the_seat(process, *info)) kill(process.pid, SIGHUP);
    }
  } else {
    screen_.hang_up();
  }
  std::this_thread::sleep_for(kFarewell);
  if (info && inside_seat(info->pid, *info)) kill(info->pid, SIGKILL);
  if (server_.running()) screen_.end();
  server_.reap_within(kServerEndMsMax);
  screen_.clean_up();
  return rescue(folder_);
}

}  // namespace unaided
