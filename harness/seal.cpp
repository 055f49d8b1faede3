// A plan to bubblewrap's arguments. Their order matters: a later one covers an earlier one, and the
// folders that were only made to hold mounts are closed last. The traps: as root bubblewrap keeps
// capabilities unless a user namespace is made; /proc/1/environ shows its own environment, so it is
// started with none; the arguments themselves travel on a descriptor. --new-session is left out:
// the pane has a terminal of its own, and a shell needs job control.
#include "seal.h"

#include "sandbox.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

constexpr const char* kVisibleInEtc[] = {
    "ld.so.conf", "ld.so.conf.d", "manpath.config", "groff",        "localtime", "vim",
    "emacs",      "nanorc",       "inputrc",        "terminfo",     "gdb",       "python3",
    "protocols",  "services",     "bash.bashrc",    "nsswitch.conf"};

constexpr const char* kShell = "/bin/bash";
constexpr std::int64_t kSmallTmpfsBytes = 1 << 20;

constexpr SeatFile kFiles[] = {
    {13, "/etc/passwd",
     "kata:x:1000:1000:candidate:/home/kata:/bin/bash\n"
     "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
    {14, "/etc/group", "kata:x:1000:\nnogroup:x:65534:\n"},
    {15, "/etc/hosts", "127.0.0.1 localhost kata\n::1 localhost\n"},
};

void add(Arguments& arguments, std::initializer_list<std::string> more) {
  arguments.insert(arguments.end(), more);
}

void add_namespaces(Arguments& arguments, const SealPlan& plan) {
  const struct {
    Closure closure;
    std::initializer_list<std::string> flags;
  } parts[] = {
      {kUserNamespace, {"--unshare-user", "--uid", "1000", "--gid", "1000"}},
      {kNoNamespaces, {"--disable-userns"}},
      {kIpcNamespace, {"--unshare-ipc"}},
      {kPidNamespace, {"--unshare-pid"}},
      {kNetworkNamespace, {"--unshare-net"}},
      {kParentDeath, {"--die-with-parent"}},
  };
  for (const auto& part : parts) {
    if (plan.holds(part.closure)) add(arguments, part.flags);
  }
  add(arguments, {plan.holds(kNoCapabilities) ? "--cap-drop" : "--cap-add", "ALL"});
  add(arguments, {"--unshare-uts", "--unshare-cgroup-try", "--hostname", "kata"});
}

void add_tmpfs(Arguments& arguments, const std::string& place, std::int64_t bytes) {
  if (bytes > 0) add(arguments, {"--size", std::to_string(bytes)});
  add(arguments, {"--tmpfs", place});
}

void add_system(Arguments& arguments, const SealPlan& plan, const SealMachine& machine) {
  arguments.insert(arguments.end(), machine.system.begin(), machine.system.end());
  if (!plan.holds(kReadOnly)) add(arguments, {"--bind", "/usr", "/usr"});
  const auto covered = [&plan](const SealPlan::Hidden& mask) {
    return !plan.weakened.contains(mask.channel);
  };
  for (const SealPlan::Hidden& mask : machine.masked_folders) {
    if (covered(mask)) add_tmpfs(arguments, mask.path, kSmallTmpfsBytes);
  }
  for (const SealPlan::Hidden& mask : machine.masked_files) {
    if (covered(mask)) add(arguments, {"--ro-bind", "/dev/null", mask.path});
  }
  if (!plan.weakened.contains(Channel::kAgents)) {
    for (const fs::path& path : machine.returned) add(arguments, {"--ro-bind", path, path});
    for (const auto& [target, place] : machine.links) add(arguments, {"--symlink", target, place});
  }
  for (const char* name : kVisibleInEtc) {
    const std::string path = std::string("/etc/") + name;
    add(arguments, {"--ro-bind-try", path, path});
  }
  for (const SeatFile& file : kFiles) {
    add(arguments, {"--perms", "0444", "--ro-bind-data", std::to_string(file.fd), file.place});
  }
}

void add_kernel_folders(Arguments& arguments, const SealPlan& plan) {
  if (plan.holds(kPidNamespace)) {
    add(arguments, {"--proc", "/proc"});
  } else {
    add(arguments, {"--ro-bind", "/proc", "/proc"});
  }
  if (plan.holds(kReadOnly)) {
    const Arguments settings = kernel_settings_arguments();
    arguments.insert(arguments.end(), settings.begin(), settings.end());
  }
  const std::int64_t scratch = plan.holds(kBounds) ? plan.scratch_mb << 20 : 0;
  if (plan.holds(kFewDevices)) {
    add(arguments, {"--dev", "/dev"});
    add_tmpfs(arguments, "/dev/shm", scratch);
  } else {
    add(arguments, {"--dev-bind", "/dev", "/dev"});
  }
  add(arguments, {"--perms", "1777"});
  add_tmpfs(arguments, "/tmp", scratch);
  add_tmpfs(arguments, "/run", kSmallTmpfsBytes);
}

void add_session(Arguments& arguments, const SealPlan& plan) {
  for (const auto& [channel, path] : plan.hidden) {
    if (plan.weakened.contains(channel)) add(arguments, {"--bind", path, path});
  }
  const std::string shared = plan.holds(kReadOnly) ? "--ro-bind" : "--bind";
  for (const fs::path& path : plan.read_only) add(arguments, {shared, path, path});
  add(arguments, {"--bind", plan.home, kSeatHome});
  for (const SealPlan::Dotfile& dotfile : plan.dotfiles) {
    add(arguments, {"--ro-bind", dotfile.source, fs::path(kSeatHome) / dotfile.name});
  }
  add(arguments, {"--bind", plan.workspace, plan.workspace});
  if (!plan.host_socket.empty()) add(arguments, {"--ro-bind", plan.host_socket, kSeatSocket});
  add(arguments, {"--ro-bind", plan.client, kSeatClient});
}

/// The root, and the mounts that were made empty, are closed once everything is in place.
void add_closing(Arguments& arguments, const SealPlan& plan, const SealMachine& machine) {
  if (!plan.holds(kReadOnly)) return;
  for (const SealPlan::Hidden& mask : machine.masked_folders) {
    if (!plan.weakened.contains(mask.channel)) add(arguments, {"--remount-ro", mask.path});
  }
  if (plan.holds(kFewDevices)) add(arguments, {"--remount-ro", "/dev"});
  add(arguments, {"--remount-ro", "/run", "--remount-ro", "/"});
}

void add_environment(Arguments& arguments, const SealPlan& plan) {
  if (plan.holds(kEmptyEnvironment)) add(arguments, {"--clearenv"});
  add(arguments, {"--setenv", "HOME", kSeatHome, "--setenv", "USER", "kata", "--setenv", "LOGNAME",
                  "kata", "--setenv", "SHELL", kShell, "--setenv", "PATH", "/usr/bin:/bin"});
  for (const std::string& entry : plan.environment) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos) continue;
    add(arguments, {"--setenv", entry.substr(0, equals), entry.substr(equals + 1)});
  }
}

}  // namespace

std::span<const SeatFile> seat_files() {
  return kFiles;
}

std::vector<std::string> seal_arguments(const SealPlan& plan, const SealMachine& machine) {
  Arguments arguments;
  add_namespaces(arguments, plan);
  add_system(arguments, plan, machine);
  add_kernel_folders(arguments, plan);
  add_session(arguments, plan);
  add_closing(arguments, plan, machine);
  add_environment(arguments, plan);
  add(arguments, {"--chdir", plan.workspace, "--seccomp", std::to_string(kSeatFilterFd),
                  "--info-fd", std::to_string(kSeatInfoFd)});
  return arguments;
}

}  // namespace unaided
