#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unaided {

/// How an attempt is compiled and judged: as it is, or once more to find out where it crashed.
enum class Instrumentation { kNone, kAddressSanitizer };

/// Where the parts are: written by CMake as installation.json next to the program, plus the user's
/// folders from the environment.
struct Installation {
  std::filesystem::path root;   // the checkout: katas/, reference/
  std::filesystem::path build;  // the folder of the program, the worker and the checks
  std::string version;
  std::filesystem::path clang;  // clang++
  std::filesystem::path mold;
  std::filesystem::path objcopy;
  std::vector<std::filesystem::path> libtorch_include;
  std::filesystem::path libtorch_lib;
  std::string libtorch_version;

  std::filesystem::path program() const;  // <build>/unaided
  /// <build>/unaided-worker, or unaided-worker-asan
  std::filesystem::path worker(Instrumentation instrumentation) const;
  std::filesystem::path resident() const;    // <build>/unaided-resident; not every build has one
  std::filesystem::path bench() const;       // <build>/unaided-bench
  std::filesystem::path cuda_graph() const;  // <build>/unaided-cuda-graph.so; not every build
  std::filesystem::path checks_library(const std::string& kata) const;  // <build>/checks/<kata>.so
  /// <build>/checks/<kata>_levelN.o: what it leaves undefined is what the level asks for.
  std::filesystem::path checks_object(const std::string& kata, int level) const;
};

/// Reads installation.json beside the running program. Throws Fault when it is missing or stale.
Installation load_installation();
/// The same from a given file, whose folder is the build folder.
Installation read_installation(const std::filesystem::path& file);

/// Made (0700) when they are not there; Fault when that fails.
std::filesystem::path cache_folder();  // $XDG_CACHE_HOME/unaided
std::filesystem::path state_folder();  // $XDG_STATE_HOME/unaided
/// Short, private (0700) and cleared at logout: $XDG_RUNTIME_DIR/unaided or /tmp/unaided-<uid>.
/// Sockets live here because a socket's path is limited to 107 bytes.
std::filesystem::path runtime_folder();

}  // namespace unaided
