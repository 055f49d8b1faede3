#include "installation.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "fault.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kInstallationBytesMax = 64 * 1024;
constexpr std::size_t kRuntimePathMax = 60;  // leaves 47 bytes of a socket's path for its name
constexpr char kSetUpAgain[] = "run ./unaided in the checkout to set up again";

template <typename T>
T field(const json& object, const char* key, const fs::path& file) {
  try {
    return object.at(key).get<T>();
  } catch (const json::exception&) {
    throw Fault(fmt::format("{}: \"{}\" is missing or of the wrong type; {}", file.string(), key,
                            kSetUpAgain));
  }
}

json parse(const fs::path& file) {
  if (!fs::exists(file)) {
    throw Fault(
        fmt::format("{} is missing: the build is incomplete; {}", file.string(), kSetUpAgain));
  }
  const json object = json::parse(read_text_file(file, kInstallationBytesMax), nullptr,
                                  /*allow_exceptions=*/false);
  if (!object.is_object()) {
    throw Fault(fmt::format("{} is not a JSON object; {}", file.string(), kSetUpAgain));
  }
  return object;
}

void refuse_stale_paths(const Installation& installation) {
  std::vector<fs::path> paths = {installation.root / "katas", installation.clang, installation.mold,
                                 installation.objcopy, installation.libtorch_lib};
  paths.insert(paths.end(), installation.libtorch_include.begin(),
               installation.libtorch_include.end());
  for (const fs::path& path : paths) {
    std::error_code error;
    if (fs::exists(path, error)) continue;
    throw Fault(fmt::format("{} is gone since the last set-up; {}", path.string(), kSetUpAgain));
  }
}

/// An XDG base folder: `variable` when it is an absolute path, else `fallback` below the home.
fs::path base_folder(const char* variable, const char* fallback) {
  const char* value = std::getenv(variable);
  if (value != nullptr && *value == '/') return value;
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return fs::path(home) / fallback;
  const passwd* user = getpwuid(getuid());
  if (user != nullptr && user->pw_dir != nullptr) return fs::path(user->pw_dir) / fallback;
  throw Fault(fmt::format("no home folder is known: set HOME or {}", variable));
}

/// Our folder below the base, made private if it was not there.
fs::path own_folder(const char* variable, const char* fallback) {
  const fs::path base = base_folder(variable, fallback);
  const fs::path folder = base / "unaided";
  std::error_code error;
  fs::create_directories(base, error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw_errno(
        fmt::format("cannot make {} (set {} to choose another place)", folder.string(), variable));
  }
  if (!fs::is_directory(folder, error)) {
    throw Fault(fmt::format("{} is in the way: it must be a folder", folder.string()));
  }
  return folder;
}

/// Whether $XDG_RUNTIME_DIR is there, short enough and really this user's (after sudo it is not).
bool runtime_base_usable(const char* base) {
  struct stat status {};
  return base != nullptr && *base == '/' &&
         std::char_traits<char>::length(base) < kRuntimePathMax && stat(base, &status) == 0 &&
         S_ISDIR(status.st_mode) && status.st_uid == geteuid();
}

}  // namespace

fs::path Installation::program() const {
  return build / "unaided";
}
fs::path Installation::worker(Instrumentation instrumentation) const {
  const bool address = instrumentation == Instrumentation::kAddressSanitizer;
  return build / (address ? "unaided-worker-asan" : "unaided-worker");
}
fs::path Installation::resident() const {
  return build / "unaided-resident";
}
fs::path Installation::bench() const {
  return build / "unaided-bench";
}
fs::path Installation::cuda_graph() const {
  return build / "unaided-cuda-graph.so";
}
fs::path Installation::checks_library(const std::string& kata) const {
  return build / "checks" / (kata + ".so");
}

fs::path Installation::checks_object(const std::string& kata, int level) const {
  return build / "checks" / (kata + "_level" + std::to_string(level) + ".o");
}

Installation load_installation() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) throw Fault("cannot find the running program: " + error.message());
  return read_installation(program.parent_path() / "installation.json");
}

Installation read_installation(const fs::path& file) {
  const json object = parse(file);
  Installation installation;
  installation.build = file.parent_path();
  installation.root = field<std::string>(object, "root", file);
  installation.version = field<std::string>(object, "version", file);
  installation.clang = field<std::string>(object, "clang", file);
  installation.mold = field<std::string>(object, "mold", file);
  installation.objcopy = field<std::string>(object, "objcopy", file);
  for (const auto& path : field<std::vector<std::string>>(object, "libtorch_include", file)) {
    installation.libtorch_include.emplace_back(path);
  }
  installation.libtorch_lib = field<std::string>(object, "libtorch_lib", file);
  installation.libtorch_version = field<std::string>(object, "libtorch_version", file);
  refuse_stale_paths(installation);
  return installation;
}

fs::path cache_folder() {
  return own_folder("XDG_CACHE_HOME", ".cache");
}
fs::path state_folder() {
  return own_folder("XDG_STATE_HOME", ".local/state");
}

fs::path runtime_folder() {
  const char* base = std::getenv("XDG_RUNTIME_DIR");
  const fs::path folder = runtime_base_usable(base)
                              ? fs::path(base) / "unaided"
                              : fs::path(fmt::format("/tmp/unaided-{}", geteuid()));
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw_errno("cannot make " + folder.string());
  }
  // In /tmp anybody could have made it before us: a link or somebody else's folder is refused.
  struct stat status {};
  const bool ours = lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
                    status.st_uid == geteuid() && (status.st_mode & 077) == 0;
  if (!ours) {
    throw Fault(fmt::format("{} must be a folder that only you can open (mode 0700); remove it",
                            folder.string()));
  }
  return folder;
}

}  // namespace unaided
