// What of the distribution's folders a seat must not see. /usr as a whole is needed: compilers,
// editors, debuggers. In it these places are covered, where they exist.
#include <system_error>

#include "sandbox.h"
#include "seal.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

/// Most tools are links from /usr/bin into a folder that is covered; these are covered as well.
constexpr const char* kAgentNames[] = {
    "aichat",    "aider",        "amp",          "auggie",   "claude",  "cline", "codex",
    "copilot",   "crush",        "cursor",       "droid",    "gemini",  "goose", "gptme",
    "jules",     "kilocode",     "kiro",         "opencode", "plandex", "qwen",  "sgpt",
    "shell_gpt", "tabby",        "cursor-agent", "llm",      "ollama",  "lms",   "llamafile",
    "llama-cli", "llama-server", "vllm",         "mods"};

struct Mask {
  Channel channel;
  const char* path;
};

constexpr Mask kMasks[] = {
    {Channel::kAgents, "/usr/local"},
    {Channel::kAgents, "/usr/lib/node_modules"},
    {Channel::kModels, "/usr/share/ollama"},
    {Channel::kModels, "/usr/lib/ollama"},
    {Channel::kModels, "/usr/share/models"},
    {Channel::kModels, "/usr/share/llama.cpp"},
    {Channel::kEditorPlugins, "/usr/share/nvim/site"},
    {Channel::kEditorPlugins, "/usr/share/vim/vimfiles"},
    {Channel::kEditorPlugins, "/usr/share/code"},
};

constexpr const char* kPythonFolder = "/usr/lib/python3/dist-packages";
constexpr const char* kPythonPackages[] = {
    "torch",     "transformers", "llama_cpp", "ctransformers", "gpt4all",
    "vllm",      "mlc_llm",      "openai",    "anthropic",     "litellm",
    "langchain", "ollama",       "ggml",      "ctranslate2",   "onnxruntime_genai"};

constexpr const char* kProgramFolders[] = {"/usr/bin", "/usr/sbin", "/usr/games"};
constexpr const char* kLocal = "/usr/local";
constexpr const char* kIncludeFolder = "include";
constexpr const char* kCudaPrefix = "cuda";

bool exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

/// bubblewrap follows links, and would then cover what the link names.
bool real_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(fs::symlink_status(path, error));
}

void add_masks(SealMachine& machine) {
  for (const auto& [channel, path] : kMasks) {
    if (real_folder(path)) machine.masked_folders.push_back({channel, path});
  }
  for (const char* name : kPythonPackages) {
    const fs::path path = fs::path(kPythonFolder) / name;
    if (real_folder(path)) machine.masked_folders.push_back({Channel::kPythonPackages, path});
  }
  for (const char* folder : kProgramFolders) {
    for (const char* name : kAgentNames) {
      const fs::path path = fs::path(folder) / name;
      std::error_code error;
      if (fs::is_regular_file(fs::symlink_status(path, error))) {
        machine.masked_files.push_back({Channel::kAgents, path});
      }
    }
  }
}

/// Headers and CUDA's compiler live in /usr/local, and are no help with the task itself.
void add_returned(SealMachine& machine) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(kLocal, error)) {
    const std::string name = entry.path().filename().string();
    if (name != kIncludeFolder && !name.starts_with(kCudaPrefix)) continue;
    if (entry.is_symlink(error)) {
      machine.links.emplace_back(fs::read_symlink(entry.path()).string(), entry.path().string());
    } else if (entry.is_directory(error)) {
      machine.returned.push_back(entry.path());
    }
  }
}

}  // namespace

SealMachine look_at_machine() {
  SealMachine machine;
  machine.system = system_arguments();
  add_masks(machine);
  if (exists(kLocal)) add_returned(machine);
  return machine;
}

std::span<const char* const> agent_names() {
  return kAgentNames;
}

}  // namespace unaided
