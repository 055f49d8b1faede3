#include "cuda_toolkit.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "process.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;

constexpr int kVersionMsMax = 20'000;
constexpr std::size_t kVersionBytesMax = 4096;
constexpr const char* kHowToGetOne = "./unaided setup --toolkit fetches one";
constexpr int kFirstWithOwnFeatures = 9;  // from here on "sm_90a" can more than "sm_90"

/// Of "Cuda compilation tools, release 13.0, V13.0.88", the number behind V.
std::string version_of(const fs::path& nvcc) {
  Command command;
  command.argv = {nvcc.string(), "--version"};
  command.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"};
  const RunEnd end = run_bounded(command, kVersionMsMax, kVersionBytesMax, nullptr);
  const std::size_t at = end.output.find(", V");
  if (!end.succeeded() || at == std::string::npos) return {};
  const std::size_t begin = at + 3;
  return end.output.substr(begin, end.output.find_first_not_of("0123456789.", begin) - begin);
}

/// Whether all of a toolkit lies below `folder`, so that showing it shows nothing else.
bool is_toolkit(const fs::path& folder) {
  return fs::exists(folder / "nvvm") &&
         (fs::exists(folder / "include/cuda_runtime.h") || fs::exists(folder / "targets"));
}

/// Folders that may hold a toolkit, each as its bin/nvcc.
std::vector<fs::path> candidates(const ToolkitPlaces& places) {
  std::vector<fs::path> found;
  std::istringstream folders(places.path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (folder.starts_with('/')) found.push_back(fs::path(folder) / "nvcc");
  }
  found.push_back(places.local / "bin/nvcc");
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(places.wheels / "nvidia", error)) {
    found.push_back(entry.path() / "bin/nvcc");
  }
  return found;
}

/// LibTorch's libcudart.so.N: as wheels beside it, or in its own folder.
int runtime_major(const fs::path& libtorch_lib) {
  constexpr std::string_view kName = "libcudart";
  constexpr std::string_view kBeforeNumber = ".so.";
  const fs::path neighbours = libtorch_lib.parent_path().parent_path() / "nvidia";
  std::vector<fs::path> folders{libtorch_lib};
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(neighbours, error)) {
    folders.push_back(entry.path() / "lib");
  }
  for (const fs::path& folder : folders) {
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename();
      const std::size_t at = name.find(kBeforeNumber);
      if (!name.starts_with(kName) || at == std::string::npos) continue;
      return std::atoi(name.c_str() + at + kBeforeNumber.size());
    }
  }
  return 0;
}

fs::path wheels_folder() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cache_folder() / "toolkit/lib", error)) {
    if (fs::exists(entry.path() / "site-packages/nvidia")) return entry.path() / "site-packages";
  }
  return {};
}

}  // namespace

int CudaToolkit::major() const {
  return std::atoi(version.c_str());
}

ToolkitFinding find_cuda_toolkit(const ToolkitPlaces& places) {
  std::string passed_over;
  for (const fs::path& candidate : candidates(places)) {
    std::error_code error;
    CudaToolkit toolkit;
    toolkit.nvcc = fs::canonical(candidate, error);
    if (error || access(toolkit.nvcc.c_str(), X_OK) != 0) continue;
    toolkit.folder = toolkit.nvcc.parent_path().parent_path();
    toolkit.version = version_of(toolkit.nvcc);
    const std::string name = candidate.string();
    if (toolkit.version.empty()) {
      passed_over += fmt::format("; {} does not say its version", name);
    } else if (places.major != 0 && toolkit.major() != places.major) {
      passed_over += fmt::format("; {} is CUDA {}, LibTorch's runtime is CUDA {}", name,
                                 toolkit.version, places.major);
    } else if (!is_toolkit(toolkit.folder)) {
      passed_over += fmt::format("; {} is not in a toolkit's folder", name);
    } else {
      return {toolkit, {}};
    }
  }
  return {std::nullopt, fmt::format("there is no nvcc: {}{}", kHowToGetOne, passed_over)};
}

ToolkitPlaces toolkit_places(const Installation& installation) {
  ToolkitPlaces places;
  const char* path = std::getenv("PATH");
  places.path = path == nullptr ? "" : path;
  places.local = "/usr/local/cuda";
  places.wheels = wheels_folder();
  places.major = runtime_major(installation.libtorch_lib);
  return places;
}

std::string native_architecture(int capability_major, int capability_minor) {
  const char* own = capability_major >= kFirstWithOwnFeatures ? "a" : "";
  return fmt::format("{}{}{}", capability_major, capability_minor, own);
}

}  // namespace unaided
