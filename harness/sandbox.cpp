// Policy to bubblewrap. A policy lists what a program may see; this file turns it into arguments
// and tries once whether bubblewrap works here at all. The traps it avoids: as root bubblewrap
// keeps capabilities unless a user namespace is made; its arguments are visible in /proc unless
// passed on a descriptor; the tmpfs root stays writable unless remounted; root may write the
// kernel's settings in any /proc.
#include "sandbox.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "fault.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;

constexpr int kArgumentsFd = 9;
constexpr const char* kTrialSentence = "sandbox-works";

void add(std::vector<std::string>& arguments, std::initializer_list<std::string> more) {
  arguments.insert(arguments.end(), more);
}

SandboxSupport try_bubblewrap() {
  SandboxSupport support;
  if (std::getenv("UNAIDED_NO_BUBBLEWRAP") != nullptr) {
    support.reason = "UNAIDED_NO_BUBBLEWRAP is set";
    return support;
  }
  support.bubblewrap = find_bubblewrap();
  if (support.bubblewrap.empty()) {
    support.reason = "bubblewrap (bwrap) is not installed; run ./unaided setup";
    return support;
  }
  Command command;
  command.argv = {support.bubblewrap.string()};
  for (const std::string& argument : bubblewrap_arguments({})) command.argv.push_back(argument);
  add(command.argv, {"/bin/echo", kTrialSentence});
  const RunEnd end = run_bounded(command, 5000, 4096, nullptr);
  support.available = end.succeeded() && end.output == std::string(kTrialSentence) + "\n";
  if (!support.available) support.reason = "bubblewrap does not work here: " + end.output;
  return support;
}

}  // namespace

std::vector<std::string> system_arguments() {
  std::vector<std::string> arguments{"--ro-bind", "/usr", "/usr"};
  for (const char* name : {"/bin", "/sbin", "/lib", "/lib64"}) {
    std::error_code error;
    if (fs::is_symlink(name, error)) {
      add(arguments, {"--symlink", fs::read_symlink(name).string(), name});
    } else {
      add(arguments, {"--ro-bind-try", name, name});
    }
  }
  add(arguments, {"--ro-bind-try", "/etc/alternatives", "/etc/alternatives"});
  add(arguments, {"--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"});
  return arguments;
}

std::vector<std::string> kernel_settings_arguments() {
  return {"--ro-bind-try", "/proc/sys", "/proc/sys", "--ro-bind-try", "/proc/fs", "/proc/fs"};
}

fs::path find_bubblewrap() {
  for (const char* candidate : {"/usr/bin/bwrap", "/usr/local/bin/bwrap"}) {
    if (access(candidate, X_OK) == 0) return candidate;
  }
  return {};
}

std::vector<std::string> bubblewrap_arguments(const SandboxPolicy& policy) {
  std::vector<std::string> arguments{"--unshare-user",
                                     "--unshare-ipc",
                                     "--unshare-pid",
                                     "--unshare-net",
                                     "--unshare-uts",
                                     "--unshare-cgroup-try",
                                     "--disable-userns",
                                     "--uid",
                                     "1000",
                                     "--gid",
                                     "1000",
                                     "--cap-drop",
                                     "ALL",
                                     "--die-with-parent",
                                     "--new-session",
                                     "--as-pid-1",
                                     "--hostname",
                                     "kata"};
  const std::vector<std::string> system = system_arguments();
  arguments.insert(arguments.end(), system.begin(), system.end());
  add(arguments, {"--proc", "/proc", "--dev", "/dev"});
  const std::vector<std::string> settings = kernel_settings_arguments();
  arguments.insert(arguments.end(), settings.begin(), settings.end());
  add(arguments, {"--size", std::to_string(policy.scratch_mb << 20), "--tmpfs", "/tmp"});
  for (const fs::path& path : policy.read_only) {
    add(arguments, {"--ro-bind", path.string(), path.string()});
  }
  for (const SandboxPolicy::Bind& bind : policy.binds) {
    add(arguments,
        {bind.writable ? "--bind" : "--ro-bind", bind.source.string(), bind.target.string()});
  }
  for (const fs::path& device : policy.devices) {
    add(arguments, {"--dev-bind", device.string(), device.string()});
  }
  add(arguments,
      {"--remount-ro", "/dev", "--remount-ro", "/", "--chdir", policy.working_folder.string()});
  return arguments;
}

const SandboxSupport& sandbox_support() {
  static const SandboxSupport support = try_bubblewrap();
  return support;
}

SandboxedCommand sandboxed(Command command, const SandboxPolicy& policy, bool enforced) {
  SandboxedCommand result;
  command.environment = policy.environment;
  if (!enforced) {
    result.command = std::move(command);
    return result;
  }
  std::string block;
  for (const std::string& argument : bubblewrap_arguments(policy)) block += argument + '\0';
  result.arguments = memory_file("bubblewrap-arguments", block);
  std::vector<std::string> argv{sandbox_support().bubblewrap.string(), "--args",
                                std::to_string(kArgumentsFd), "--"};
  argv.insert(argv.end(), command.argv.begin(), command.argv.end());
  result.command = std::move(command);
  result.command.argv = std::move(argv);
  result.command.descriptors.emplace_back(result.arguments.get(), kArgumentsFd);
  return result;
}

std::vector<std::string> limits_without_bubblewrap() {
  const SandboxSupport& support = sandbox_support();
  return {
      support.available ? "no bubblewrap, as asked" : "no bubblewrap: " + support.reason,
      "files and devices of this machine can be read by the attempt (it still cannot write any)",
      "other processes of this machine are visible to the attempt, and their memory too where "
      "one user's processes may read each other's",
      "the compiler is not confined to the attempt's folder"};
}

}  // namespace unaided
