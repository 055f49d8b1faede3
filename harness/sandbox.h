#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "process.h"

namespace unaided {

/// What a sandboxed program can see and do. Everything not named is absent: no network, no other
/// processes, no home, an empty environment.
struct SandboxPolicy {
  std::vector<std::filesystem::path> read_only;  // visible at the same place
  struct Bind {
    std::filesystem::path source;
    std::filesystem::path target;
    bool writable = false;
  };
  std::vector<Bind> binds;
  std::vector<std::filesystem::path> devices;  // nodes that can be opened, at the same place
  std::filesystem::path working_folder = "/";
  std::vector<std::string> environment;
  std::int64_t scratch_mb = 64;  // size of /tmp
};

/// The arguments that show /usr and /bin, /lib, … as this system has them: links into /usr or
/// folders of their own.
std::vector<std::string> system_arguments();

/// The arguments that make the kernel's settings read-only in a /proc of its own. They belong to
/// root by number, whatever its capabilities, and bubblewrap leaves /proc/sys as it is.
std::vector<std::string> kernel_settings_arguments();

/// Where bubblewrap is; empty when it is not installed.
std::filesystem::path find_bubblewrap();

/// bubblewrap's arguments for `policy`, without the program itself. Pure.
std::vector<std::string> bubblewrap_arguments(const SandboxPolicy& policy);

/// Whether bubblewrap works here: found, and a trial run of it succeeds. `reason` says why not.
/// Tried once per process.
struct SandboxSupport {
  bool available = false;
  std::filesystem::path bubblewrap;
  std::string reason;
};
const SandboxSupport& sandbox_support();

/// Turns `command` into one that runs inside the sandbox; with `enforced` false it only clears the
/// environment and maps no path. The returned descriptors must live until the command has started.
struct SandboxedCommand {
  Command command;
  Descriptor arguments;  // bubblewrap reads its arguments here, so that they are in no process list
};
SandboxedCommand sandboxed(Command command, const SandboxPolicy& policy, bool enforced);

/// The sentences for a verdict's limits_not_held when there is no bubblewrap.
std::vector<std::string> limits_without_bubblewrap();

}  // namespace unaided
