#pragma once

#include <filesystem>

#include "installation.h"
#include "kata.h"

namespace unaided {

/// Writes into a workspace what clangd needs to understand the attempt and try.cpp. A kata in CUDA
/// is shown to it as C++ with the emulated device's declarations, which needs no toolkit; of a
/// launch it understands all but the brackets.
void write_editor_settings(const std::filesystem::path& folder, const Kata& kata,
                           const Installation& installation);

}  // namespace unaided
