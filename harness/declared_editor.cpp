#include "declared_editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "text_file.h"
#include "text_layout.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kSettingsBytesMax = 1'000'000;
constexpr std::string_view kAllowedExtension = "llvm-vs-code-extensions.vscode-clangd";

/// Settings that must stay as they are, by their names in VS Code.
const json& required_settings() {
  static const json settings = {{"chat.disableAIFeatures", true},
                                {"chat.agent.enabled", false},
                                {"chat.commandCenter.enabled", false},
                                {"github.copilot.enable", {{"*", false}}},
                                {"github.copilot.editor.enableAutoCompletions", false},
                                {"editor.inlineSuggest.enabled", false},
                                {"extensions.autoUpdate", false},
                                {"extensions.autoCheckUpdates", false},
                                {"update.mode", "none"},
                                {"telemetry.telemetryLevel", "off"}};
  return settings;
}

fs::path profile(const SessionFolder& folder) {
  return folder.path / "code";
}
fs::path settings_file(const SessionFolder& folder) {
  return profile(folder) / "User" / "settings.json";
}
fs::path extensions_folder(const SessionFolder& folder) {
  return folder.path / "code-extensions";
}
fs::path remembered_file(const SessionFolder& folder) {
  return folder.path / "code-violations";
}

void bring_allowed_extension(const SessionFolder& folder) {
  fs::create_directories(extensions_folder(folder));
  const char* home = std::getenv("HOME");
  const fs::path users = fs::path(home == nullptr ? "/nowhere" : home) / ".vscode" / "extensions";
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(users, none)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kAllowedExtension)) continue;
    fs::create_directory_symlink(entry.path(), extensions_folder(folder) / name, none);
  }
}

void look_at_settings(const SessionFolder& folder, std::vector<std::string>& found) {
  if (!fs::exists(settings_file(folder))) {
    found.emplace_back("the settings are gone");
    return;
  }
  const json now = json::parse(read_text_file(settings_file(folder), kSettingsBytesMax), nullptr,
                               /*allow_exceptions=*/false, /*ignore_comments=*/true);
  for (const auto& [name, value] : required_settings().items()) {
    if (!now.is_object() || now.value(name, json()) != value) {
      found.push_back(fmt::format("{} is no longer {}", name, value.dump()));
    }
  }
}

void look_at_extensions(const SessionFolder& folder, std::vector<std::string>& found) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(extensions_folder(folder), none)) {
    const std::string name = entry.path().filename().string();
    const bool expected =
        name.starts_with(kAllowedExtension) || name == "extensions.json" || name.starts_with('.');
    if (!expected) found.push_back(fmt::format("the extension {} was installed", name));
  }
}

}  // namespace

void make_declared_profile(const SessionFolder& folder) {
  write_text_file(settings_file(folder), required_settings().dump(2) + "\n");
  bring_allowed_extension(folder);
}

std::vector<std::string> declared_editor_command(const SessionFolder& folder,
                                                 const fs::path& program) {
  return {program.string(),
          "--user-data-dir",
          profile(folder).string(),
          "--extensions-dir",
          extensions_folder(folder).string(),
          "--disable-workspace-trust",
          "--new-window",
          folder.workspace().string()};
}

std::vector<std::string> declared_violations(const SessionFolder& folder) {
  std::vector<std::string> found;
  if (fs::exists(remembered_file(folder))) {
    const std::string text = read_text_file(remembered_file(folder), kSettingsBytesMax);
    for (const std::string_view line : split_lines(text)) found.emplace_back(line);
  }
  const std::size_t remembered = found.size();
  std::vector<std::string> now;
  look_at_settings(folder, now);
  look_at_extensions(folder, now);
  for (std::string& sentence : now) {
    if (std::find(found.begin(), found.end(), sentence) == found.end()) {
      found.push_back(std::move(sentence));
    }
  }
  if (found.size() > remembered) {
    write_durably(remembered_file(folder), fmt::format("{}\n", fmt::join(found, "\n")));
  }
  return found;
}

}  // namespace unaided
