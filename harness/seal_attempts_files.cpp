// Ways out by what a program inherits and by the file tree.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "process.h"
#include "seal_probe.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

/// In our own environment, and in that of every process that we may look at.
Escape environment(const SealTargets& targets) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    std::ifstream stream(entry.path() / "environ");
    const std::string block(std::istreambuf_iterator<char>(stream), {});
    if (('\0' + block).find('\0' + targets.variable + '\0') != std::string::npos) {
      return {true, "found a key in " + (entry.path() / "environ").string()};
    }
  }
  return {false, "in no environment"};
}

Escape descriptors(const SealTargets& targets) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd", error)) {
    const std::string target = fs::read_symlink(entry.path(), error).string();
    if (target.find(targets.descriptor) != std::string::npos) {
      return {true, "inherited descriptor " + entry.path().filename().string()};
    }
  }
  return {false, "not inherited"};
}

template <Channel channel>
Escape presence(const SealTargets& targets) {
  const auto found = targets.absent.find(seal_row(channel).id);
  if (found == targets.absent.end()) return {false, "this machine has nothing of the kind"};
  for (const std::string& path : found->second) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) continue;
    const bool covered = S_ISCHR(status.st_mode);  // files by /dev/null
    if (covered && channel != Channel::kDevices) continue;
    return {true, path + " is there"};
  }
  return {false, "absent"};
}

bool can_write(const std::string& path) {
  std::error_code error;
  const int flags = fs::is_directory(path, error) ? O_TMPFILE | O_WRONLY : O_WRONLY;
  return static_cast<bool>(Descriptor(open(path.c_str(), flags | O_CLOEXEC, 0600)));
}

Escape system_files(const SealTargets& targets) {
  for (const std::string& path : targets.unwritable) {
    if (can_write(path)) return {true, "could write " + path};
  }
  return {false, std::string("open to write: ") + std::strerror(errno)};
}

Escape disk(const SealTargets& targets) {
  struct statvfs size {};
  if (statvfs("/tmp", &size) != 0) return {false, "/tmp is not there"};
  const auto mb = static_cast<std::int64_t>(size.f_blocks * size.f_frsize >> 20);
  return {mb > targets.scratch_mb, "/tmp holds " + std::to_string(mb) + " MB"};
}

constexpr EscapeAttempt kAttempts[] = {
    {Channel::kEnvironment, environment},
    {Channel::kDescriptors, descriptors},
    {Channel::kHome, presence<Channel::kHome>},
    {Channel::kMaterial, presence<Channel::kMaterial>},
    {Channel::kAgents, presence<Channel::kAgents>},
    {Channel::kModels, presence<Channel::kModels>},
    {Channel::kPythonPackages, presence<Channel::kPythonPackages>},
    {Channel::kEditorPlugins, presence<Channel::kEditorPlugins>},
    {Channel::kDevices, presence<Channel::kDevices>},
    {Channel::kSystemFiles, system_files},
    {Channel::kDisk, disk},
};

}  // namespace

std::span<const EscapeAttempt> file_attempts() {
  return kAttempts;
}

}  // namespace unaided
