#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace unaided {

/// The whole of one of the project's own files. Throws Fault when it cannot be read or is longer
/// than `bytes_max`. An attempt's file is hostile: workspace.h reads those.
std::string read_text_file(const std::filesystem::path& file, std::size_t bytes_max);

/// Writes a file and the folders above it, replacing what was there. Throws Fault (disk full, no
/// permission).
void write_text_file(const std::filesystem::path& file, std::string_view text);

}  // namespace unaided
