// Host → tmux → bubblewrap → shell: each is the parent of the next and takes it along when it dies.
// The host does not trust what goes on in the seat; it looks at it from outside.
#include "seating.h"

#include <signal.h>
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
constexpr std::size_t kRescuedMax = 8;

/// What vim, nano and emacs leave beside a file when they are hung up on.
bool is_recovery_file(const std::string& name) {
  const bool swap = name.starts_with('.') && name.find(".sw") != std::string::npos;
  const bool saved = name.find(".save") != std::string::npos;
  const bool automatic = name.starts_with('#') && name.ends_with('#');
  return swap || saved || automatic;
}

/// Copies, without following links, and no more than fits.
std::vector<std::string> rescue(const fs::path& workspace, const fs::path& rescued) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(workspace, error)) {
    const std::string name = entry.path().filename().string();
    if (!is_recovery_file(name) || names.size() == kRescuedMax) continue;
    const std::string bytes = read_hostile_file(workspace, name);
    if (bytes.empty()) continue;
    write_text_file(rescued / name, bytes);
    names.push_back(name);
  }
  return names;
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

std::size_t Seating::bound_processes() const {
  const auto info = seat();
  if (!info) return 0;
  const std::size_t count = seat_processes(*info).size();
  if (count <= kProcessesMax) return 0;
  kill(info->pid, SIGKILL);  // the first process takes the others along
  return count;
}

bool Seating::is_inside(pid_t pid) const {
  return sealed_ && namespace_of(pid, "pid") != namespace_of(getpid(), "pid");
}

std::vector<std::string> Seating::close() {
  const auto info = seat();
  if (!info && !server_.running()) return {};
  if (info) {
    for (const SeatProcess& process : seat_processes(*info)) kill(process.pid, SIGHUP);
  } else {
    screen_.hang_up();
  }
  std::this_thread::sleep_for(kFarewell);
  std::vector<std::string> names = rescue(folder_.workspace(), folder_.rescued());
  if (info && inside_seat(info->pid, *info)) kill(info->pid, SIGKILL);
  server_.kill_and_reap();
  screen_.clean_up();
  return names;
}

}  // namespace unaided
