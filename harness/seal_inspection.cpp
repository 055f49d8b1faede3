// A seat seen from outside, through /proc: nothing inside is asked. Whoever is inside can change
// none of this, having no privilege; what is looked for is a seat that was made otherwise than
// planned, and programs that should not run in it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "seal_verification.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMountPointField = 4;
constexpr std::size_t kOptionsField = 5;
constexpr int kNetDevHeadingLines = 2;

struct NamespaceCheck {
  const char* name;
  Closure closure;
  std::initializer_list<Channel> channels;
};

const NamespaceCheck kNamespaces[] = {
    {"net", kNetworkNamespace, {Channel::kInternet, Channel::kLoopback, Channel::kAbstractSockets}},
    {"pid", kPidNamespace, {Channel::kProcesses}},
    {"ipc", kIpcNamespace, {Channel::kSharedMemory}},
    {"user", kUserNamespace, {Channel::kDebugging}},
    {"mnt", kReadOnly, {Channel::kHome, Channel::kMaterial}},
};

/// What may be written to, with all that is mounted below.
constexpr const char* kWritable[] = {"/tmp", "/dev", "/proc", kSeatHome};

std::string proc_text(pid_t pid, const char* name) {
  std::ifstream stream(fmt::format("/proc/{}/{}", pid, name));
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    result.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return result;
}

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> result(1);
  for (const char letter : line) {
    if (letter != ' ') {
      result.back() += letter;
    } else if (!result.back().empty()) {
      result.emplace_back();
    }
  }
  return result;
}

/// The kernel writes a space, a tab, a newline and a backslash of a path as \ooo.
std::string unescaped(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      result += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

bool below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

void look_at_namespaces(const SeatInfo& seat, std::vector<SealFinding>& findings) {
  for (const NamespaceCheck& check : kNamespaces) {
    const std::uint64_t theirs = namespace_of(seat.pid, check.name);
    const bool apart = theirs != 0 && theirs != namespace_of(getpid(), check.name);
    const std::string how = apart ? "a namespace of its own" : "the namespace of this machine";
    for (const Channel channel : check.channels) {
      findings.push_back({channel, apart, fmt::format("{} ({})", how, check.name)});
    }
  }
}

void look_at_network(const SeatInfo& seat, std::vector<SealFinding>& findings) {
  const std::vector<std::string> devices = lines(proc_text(seat.pid, "net/dev"));
  bool only_loopback = devices.size() == kNetDevHeadingLines + 1;
  if (only_loopback) only_loopback = devices.back().find("lo:") != std::string::npos;
  findings.push_back({Channel::kInternet, only_loopback,
                      only_loopback ? "only lo" : "more network devices than lo"});
}

void look_at_mounts(const SeatInfo& seat, const SealPlan& plan,
                    std::vector<SealFinding>& findings) {
  std::set<std::string> planned{"/"};
  for (const std::string& argument : seal_arguments(plan, look_at_machine())) {
    if (argument.starts_with('/')) planned.insert(argument);
  }
  const std::vector<std::string> mounts = lines(proc_text(seat.pid, "mountinfo"));
  SealFinding files{Channel::kSystemFiles, !mounts.empty(), "the list of mounts"};
  SealFinding home{Channel::kHome, !mounts.empty(), "the list of mounts"};
  for (const std::string& line : mounts) {
    const std::vector<std::string> words = fields(line);
    if (words.size() <= kOptionsField) continue;
    const std::string place = unescaped(words[kMountPointField]);
    const auto holds = [&place](const std::string& folder) { return below(place, folder); };
    const bool may_write = std::any_of(std::begin(kWritable), std::end(kWritable), holds) ||
                           holds(plan.workspace.string());
    if (!may_write && !words[kOptionsField].starts_with("ro")) {
      files = {Channel::kSystemFiles, false, place + " is mounted to be written to"};
    }
    // A folder of the plan brings the mounts below it along; the root holds everything.
    const bool expected = std::any_of(planned.begin(), planned.end(), [&](const auto& folder) {
      return folder == "/" ? place == folder : holds(folder);
    });
    if (!expected) home = {Channel::kHome, false, place + " is mounted and was not planned"};
  }
  findings.push_back(files);
  findings.push_back(home);
}

/// The value of "Name:" in a /proc/<pid>/status.
std::string status_value(const std::string& status, const std::string& name) {
  const std::size_t at = ("\n" + status).find("\n" + name + ":\t");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 2;
  return status.substr(begin, status.find('\n', begin) - begin);
}

void look_at_processes(const SeatInfo& seat, std::vector<SealFinding>& findings) {
  SealFinding privileges{Channel::kCapabilities, true, "no process has any capability"};
  SealFinding filtered{Channel::kVsock, true, "every process has the filter"};
  SealFinding agents{Channel::kAgents, true, "no program runs that is known to be an AI tool"};
  const std::vector<SeatProcess> processes = seat_processes(seat);
  if (processes.empty()) privileges = {Channel::kCapabilities, false, "the seat has ended"};
  for (const SeatProcess& process : processes) {
    const std::string status = proc_text(process.pid, "status");
    if (status.empty()) continue;  // ended meanwhile
    for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) {
      if (status_value(status, set).find_first_not_of('0') == std::string::npos) continue;
      privileges = {Channel::kCapabilities, false, process.name + " has capabilities"};
    }
    if (status_value(status, "Seccomp") != "2") {
      filtered = {Channel::kVsock, false, process.name + " has no filter"};
    }
    for (const char* name : agent_names()) {
      if (process.name != name && process.program != name) continue;
      agents = {Channel::kAgents, false, fmt::format("{} runs inside", name)};
    }
  }
  findings.insert(findings.end(), {privileges, filtered, agents});
}

}  // namespace

std::vector<SealFinding> inspect_seat(const SeatInfo& seat, const SealPlan& plan) {
  std::vector<SealFinding> findings;
  look_at_namespaces(seat, findings);
  look_at_network(seat, findings);
  look_at_mounts(seat, plan, findings);
  look_at_processes(seat, findings);
  const bool clean = proc_text(seat.pid, "environ").empty();
  findings.push_back({Channel::kEnvironment, clean,
                      clean ? "the first process has none" : "the first process has one"});
  return findings;
}

}  // namespace unaided
