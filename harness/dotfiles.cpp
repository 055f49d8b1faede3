#include "dotfiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "fault.h"
#include "session_store.h"
#include "text_file.h"
#include "text_layout.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListBytesMax = 64 * 1024;

fs::path user_home() {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') throw Fault("HOME is not set: there are no dotfiles");
  return home;
}

fs::path list_file() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  const fs::path folder =
      config != nullptr && *config != '\0' ? fs::path(config) : user_home() / ".config";
  return folder / "unaided" / "dotfiles";
}

std::vector<fs::path> listed() {
  std::vector<fs::path> files;
  if (!fs::exists(list_file())) return files;
  const std::string text = read_text_file(list_file(), kListBytesMax);
  for (const std::string_view line : split_lines(text)) {
    if (!line.empty()) files.emplace_back(line);
  }
  return files;
}

void write_list(const std::vector<fs::path>& files) {
  std::string text;
  for (const fs::path& file : files) text += file.string() + "\n";
  fs::create_directories(list_file().parent_path());
  write_durably(list_file(), text);
}

/// Where it lies below the home; empty when it does not.
std::string name_below_home(const fs::path& file) {
  const fs::path name = file.lexically_relative(user_home());
  const bool below = !name.empty() && *name.begin() != ".." && *name.begin() != ".";
  return below ? name.string() : "";
}

}  // namespace

std::vector<SealPlan::Dotfile> allowed_dotfiles() {
  std::vector<SealPlan::Dotfile> dotfiles;
  for (const fs::path& file : listed()) {
    std::error_code error;
    const bool usable =
        fs::is_regular_file(file, error) && fs::file_size(file, error) <= kDotfileBytesMax;
    if (usable) dotfiles.push_back({file, name_below_home(file)});
  }
  return dotfiles;
}

void add_dotfile(const fs::path& asked) {
  const fs::path file = fs::absolute(asked).lexically_normal();
  if (name_below_home(file).empty()) throw Fault(file.string() + " does not lie in your home");
  if (!fs::is_regular_file(fs::symlink_status(file))) {
    throw Fault(file.string() + " is not a plain file: folders of plugins stay outside");
  }
  if (fs::file_size(file) > kDotfileBytesMax) {
    throw Fault(fmt::format("{} is longer than {} KB: settings come along, programs do not",
                            file.string(), kDotfileBytesMax / 1024));
  }
  std::vector<fs::path> files = listed();
  if (std::find(files.begin(), files.end(), file) != files.end()) return;
  files.push_back(file);
  write_list(files);
}

void remove_dotfile(const fs::path& asked) {
  const fs::path file = fs::absolute(asked).lexically_normal();
  std::vector<fs::path> files = listed();
  if (std::erase(files, file) == 0) throw Fault(file.string() + " is not on the list");
  write_list(files);
}

}  // namespace unaided
