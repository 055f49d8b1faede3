#include "seal_control.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "fault.h"
#include "installation.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr int kBacklog = 64;  // nobody accepts: what waits here has got through
constexpr int kSegmentBytes = 4096;
constexpr int kFilesLookedAtMax = 2000;

constexpr const char* kDevices[] = {"/dev/nvidiactl", "/dev/dri",    "/dev/kfd",  "/dev/kvm",
                                    "/dev/vsock",     "/dev/kmsg",   "/dev/fuse", "/dev/mem",
                                    "/dev/input",     "/dev/net/tun"};
constexpr const char* kUnwritable[] = {
    "/", "/usr", "/etc", "/run", "/dev", "/home", kSeatClient, "/proc/sys/kernel/core_pattern"};

Descriptor listen_at(int family, const void* address, socklen_t length) {
  Descriptor made(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made) throw_errno("cannot make a socket");
  if (bind(made.get(), static_cast<const sockaddr*>(address), length) != 0 ||
      listen(made.get(), kBacklog) != 0) {
    throw_errno("cannot plant a listener for the seal's probe");
  }
  return made;
}

/// On a port that the kernel chooses and `port` says.
Descriptor listen_on(in_addr host, int& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr = host;
  Descriptor made = listen_at(AF_INET, &address, sizeof address);
  socklen_t length = sizeof address;
  getsockname(made.get(), reinterpret_cast<sockaddr*>(&address), &length);
  port = ntohs(address.sin_port);
  return made;
}

Descriptor listen_by_name(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) throw Fault("the path is too long: " + name);
  std::memcpy(address.sun_path, name.data(), name.size());
  return listen_at(
      AF_UNIX, &address,
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (name[0] ? 1U : 0U)));
}

/// An IPv4 address of this machine that is not loopback's; 0.0.0.0 when there is none.
in_addr outer_address() {
  in_addr found{};
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return found;
  for (const ifaddrs* entry = all; entry != nullptr; entry = entry->ifa_next) {
    const bool usable = entry->ifa_addr != nullptr && entry->ifa_addr->sa_family == AF_INET &&
                        (entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_LOOPBACK) == 0;
    if (usable) found = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr;
  }
  freeifaddrs(all);
  return found;
}

bool below(const fs::path& path, const fs::path& folder) {
  return !folder.empty() &&
         std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
             folder.end();
}

bool bound(const fs::path& path, const SealPlan& plan) {
  if (below(path, plan.workspace)) return true;
  return std::any_of(plan.read_only.begin(), plan.read_only.end(),
                     [&path](const fs::path& folder) { return below(path, folder); });
}

/// A file at or below `path` that nothing of the plan shows; empty when there is none. A folder
/// would not do: it may be on the way to something that is shown.
std::string witness(const fs::path& path, const SealPlan& plan) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(path, error))) {
    return fs::exists(fs::symlink_status(path, error)) ? path.string() : "";
  }
  fs::recursive_directory_iterator entry(path, fs::directory_options::skip_permission_denied,
                                         error);
  for (int looked_at = 0; entry != fs::end(entry) && looked_at < kFilesLookedAtMax; ++looked_at) {
    if (bound(entry->path(), plan)) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file(error)) {
      return entry->path().string();
    }
    entry.increment(error);
    if (error) break;
  }
  return "";
}

/// The first thing in a covered folder that is neither shown again nor on the way to what is.
std::string covered(const fs::path& folder, const SealPlan& plan, const SealMachine& machine) {
  std::vector<fs::path> shown = machine.returned;
  for (const auto& [target, place] : machine.links) shown.emplace_back(place);
  shown.insert(shown.end(), plan.read_only.begin(), plan.read_only.end());
  shown.push_back(plan.workspace);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const bool absent = std::none_of(shown.begin(), shown.end(), [&entry](const fs::path& place) {
      return below(place, entry.path()) || below(entry.path(), place);
    });
    if (absent) return entry.path().string();
  }
  return "";
}

void list_absent(SealTargets& targets, const SealPlan& plan, const SealMachine& machine) {
  const auto add = [&targets](Channel channel, const std::string& path) {
    if (!path.empty()) targets.absent[seal_row(channel).id].push_back(path);
  };
  for (const auto& [channel, path] : plan.hidden) add(channel, witness(path, plan));
  for (const auto& [channel, path] : machine.masked_folders)
    add(channel, covered(path, plan, machine));
  for (const auto& [channel, path] : machine.masked_files) add(channel, path.string());
  for (const char* device : kDevices) {
    if (access(device, F_OK) == 0) add(Channel::kDevices, device);
  }
}

}  // namespace

SealControls::SealControls(const SealPlan& plan, const SealMachine& machine) {
  const std::string token = std::to_string(100'000'000 + std::random_device()() % 800'000'000);
  targets_.variable = "UNAIDED_PLANTED=" + token;
  targets_.descriptor = "unaided-planted-" + token;
  targets_.abstract_socket = "unaided-seal-" + token;
  targets_.path_socket = (runtime_folder() / ("seal-" + token + ".sock")).string();
  targets_.process = "60." + token;
  targets_.scratch_mb = plan.scratch_mb;
  planted_ = memory_file(targets_.descriptor.c_str(), "planted");
  Command sleeper;
  sleeper.argv = {"/bin/sleep", targets_.process};
  process_ = Process::start(sleeper);
  targets_.pid = process_.pid();
  plant_sockets();
  plant_memory();
  list_absent(targets_, plan, machine);
  targets_.unwritable.assign(std::begin(kUnwritable), std::end(kUnwritable));
  for (const fs::path& path : plan.read_only) targets_.unwritable.push_back(path);
  for (const auto& mask : machine.masked_folders) targets_.unwritable.push_back(mask.path);
}

SealControls::~SealControls() {
  unlink(targets_.path_socket.c_str());
  if (segment_ >= 0) shmctl(segment_, IPC_RMID, nullptr);
}

void SealControls::plant_sockets() {
  in_addr loopback{};
  loopback.s_addr = htonl(INADDR_LOOPBACK);
  listeners_.push_back(listen_on(loopback, targets_.loopback_port));
  const in_addr outer = outer_address();
  if (outer.s_addr != 0) {
    listeners_.push_back(listen_on(outer, targets_.outer_port));
    char text[INET_ADDRSTRLEN] = "";
    targets_.outer_address = inet_ntop(AF_INET, &outer, text, sizeof text);
  }
  listeners_.push_back(listen_by_name('\0' + targets_.abstract_socket));
  listeners_.push_back(listen_by_name(targets_.path_socket));
}

/// Where the kernel has no System V memory, that row cannot be proved.
void SealControls::plant_memory() {
  targets_.shared_memory = static_cast<int>(std::random_device()() & 0x7fffffff) | 1;
  segment_ = shmget(targets_.shared_memory, kSegmentBytes, IPC_CREAT | IPC_EXCL | 0600);
}

}  // namespace unaided
