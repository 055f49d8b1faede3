#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "seal.h"

namespace unaided {

/// The user's own single files that a sealed session may read, below its home. Kept as a list of
/// paths in the configuration folder ($XDG_CONFIG_HOME/unaided/dotfiles).
std::vector<SealPlan::Dotfile> allowed_dotfiles();

/// Adds one. Throws Fault when it is not a plain file of the user's home, or too long: settings of
/// an editor, not its plugins.
void add_dotfile(const std::filesystem::path& file);

/// Throws Fault when it is not on the list.
void remove_dotfile(const std::filesystem::path& file);

inline constexpr std::size_t kDotfileBytesMax = 64 * 1024;

}  // namespace unaided
