#include "editor_settings.h"

#include <nlohmann/json.hpp>

#include "text_file.h"
#include "workspace.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kHeaderBytesMax = 1'000'000;
constexpr const char* kCudaHeader = ".editor/cuda.h";
constexpr char kClangd[] = R"(CompileFlags:
  CompilationDatabase: .
Diagnostics:
  UnusedIncludes: None
)";
constexpr char kClangdOfCuda[] = "  Suppress: [expected_expression]\n";  // <<<…>>>

json arguments_for(const std::string& file, const Kata& kata, const Installation& installation) {
  json arguments = {installation.clang.string(), "-std=c++20", "-Wall", "-Wextra"};
  for (const fs::path& include : installation.libtorch_include) {
    arguments.insert(arguments.end(), {"-isystem", include.string()});
  }
  if (!kata.device.empty()) {
    arguments.insert(arguments.end(),
                     {"-x", "c++", "-Wno-unused-value", "-D__shared__=", "-include", kCudaHeader});
  }
  arguments.insert(arguments.end(), {"-c", file});
  return arguments;
}

}  // namespace

void write_editor_settings(const fs::path& folder, const Kata& kata,
                           const Installation& installation) {
  json commands = json::array();
  for (const std::string& file : {kata.attempt_name(), std::string(kTryName)}) {
    commands.push_back({{"directory", folder.string()},
                        {"file", file},
                        {"arguments", arguments_for(file, kata, installation)}});
  }
  write_text_file(folder / "compile_commands.json", commands.dump(2) + "\n");
  const bool cuda = !kata.device.empty();
  write_text_file(folder / ".clangd", std::string(kClangd) + (cuda ? kClangdOfCuda : ""));
  if (!cuda) return;
  const fs::path header = installation.root / "harness/attempt_headers/cuda.h";
  fs::create_directories((folder / kCudaHeader).parent_path());
  write_text_file(folder / kCudaHeader, read_text_file(header, kHeaderBytesMax));
}

}  // namespace unaided
