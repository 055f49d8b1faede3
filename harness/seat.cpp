#include "seat.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "fault.h"
#include "process.h"
#include "sandbox.h"
#include "seal_filter.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr int kAboveTargets = 64;
constexpr std::size_t kInfoBytesMax = 4096;

/// bubblewrap would follow a link that the candidate made in an earlier sitting.
void refuse_links(const SealPlan& plan) {
  for (const SealPlan::Dotfile& dotfile : plan.dotfiles) {
    fs::path place = plan.home;
    for (const fs::path& part : fs::path(dotfile.name)) {
      if (part == ".." || part.is_absolute()) throw Fault(dotfile.name + " leaves the home");
      place /= part;
      struct stat status {};
      if (lstat(place.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
        throw Fault(place.string() + " is a link and would lead a dotfile elsewhere; remove it");
      }
    }
  }
}

Descriptor open_info(const fs::path& file) {
  const char* path = file.empty() ? "/dev/null" : file.c_str();
  Descriptor info(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!info) throw_errno(std::string("cannot write ") + path);
  return info;
}

/// What bubblewrap reads and writes, each at its number; everything else ends with exec.
void place_descriptors(const SealPlan& plan, const fs::path& info_file) {
  std::string block;
  for (const std::string& argument : seal_arguments(plan, look_at_machine())) {
    block += argument + '\0';
  }
  std::vector<std::pair<Descriptor, int>> placed;
  placed.emplace_back(memory_file("arguments", block), kSeatArgumentsFd);
  placed.emplace_back(memory_file("filter", seal_filter(plan)), kSeatFilterFd);
  placed.emplace_back(open_info(info_file), kSeatInfoFd);
  for (const SeatFile& file : seat_files()) {
    placed.emplace_back(memory_file("file", file.text), file.fd);
  }
  for (auto& [descriptor, target] : placed) {
    descriptor = Descriptor(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, kAboveTargets));
    if (!descriptor) throw_errno("cannot move a descriptor");
  }
  if (plan.holds(kNoDescriptors) && syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    throw_errno("cannot close descriptors");
  }
  for (const auto& [descriptor, target] : placed) {
    if (dup2(descriptor.get(), target) < 0) throw_errno("cannot place a descriptor");
  }
}

std::string first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

pid_t parent_of(const fs::path& process) {
  std::ifstream status(process / "status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("PPid:")) return std::atoi(line.c_str() + std::strlen("PPid:"));
  }
  return 0;
}

}  // namespace

std::vector<std::string> seat_command(const fs::path& program, const fs::path& plan_file,
                                      const fs::path& info_file,
                                      const std::vector<std::string>& argv) {
  std::vector<std::string> command{program, "seat", "--plan", plan_file};
  if (!info_file.empty()) command.insert(command.end(), {"--info", info_file});
  command.emplace_back("--");
  command.insert(command.end(), argv.begin(), argv.end());
  return command;
}

void take_seat(const SealPlan& plan, const fs::path& info_file,
               const std::vector<std::string>& argv) {
  const fs::path bubblewrap = find_bubblewrap();
  if (bubblewrap.empty()) throw Fault("bubblewrap (bwrap) is not installed; run ./unaided setup");
  refuse_links(plan);
  std::vector<std::string> words{bubblewrap, "--args", std::to_string(kSeatArgumentsFd), "--"};
  words.insert(words.end(), argv.begin(), argv.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  char* nothing[] = {nullptr};
  place_descriptors(plan, info_file);
  apply_limits({.file_mb = plan.holds(kBounds) ? kSeatFileMbMax : 0});
  std::signal(SIGPIPE, SIG_DFL);
  execve(bubblewrap.c_str(), pointers.data(), plan.holds(kEmptyEnvironment) ? nothing : environ);
  throw_errno("cannot run " + bubblewrap.string());
}

std::optional<SeatInfo> parse_seat_info(const std::string& text) {
  const auto object = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  SeatInfo info;
  info.pid = object.value("child-pid", 0);
  info.pid_namespace = object.value("pid-namespace", std::uint64_t{0});
  if (info.pid <= 0) return std::nullopt;
  return info;
}

std::optional<SeatInfo> read_seat_info(const fs::path& info_file) {
  std::ifstream stream(info_file);
  std::string text(kInfoBytesMax, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return parse_seat_info(text);
}

std::uint64_t namespace_of(pid_t pid, const char* name) {
  struct stat status {};
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/" + name;
  return stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

bool inside_seat(pid_t pid, const SeatInfo& seat) {
  return seat.pid_namespace != 0 && namespace_of(pid, "pid") == seat.pid_namespace;
}

std::vector<SeatProcess> seat_processes(const SeatInfo& seat) {
  std::vector<SeatProcess> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || !inside_seat(pid, seat)) continue;
    const fs::path program = fs::read_symlink(entry.path() / "exe", error);
    if (program.empty()) continue;  // it is ending
    found.push_back({pid, parent_of(entry.path()), first_line(entry.path() / "comm"),
                     program.filename().string()});
  }
  return found;
}

bool seat_started(const SeatInfo& seat) {
  const std::string bubblewrap = find_bubblewrap().filename().string();
  const std::vector<SeatProcess> processes = seat_processes(seat);
  return std::any_of(processes.begin(), processes.end(),
                     [&](const SeatProcess& process) { return process.program != bubblewrap; });
}

}  // namespace unaided
