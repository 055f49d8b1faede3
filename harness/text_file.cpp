#include "text_file.h"

#include <fmt/format.h>

#include <fstream>

#include "fault.h"

namespace unaided {

std::string read_text_file(const std::filesystem::path& file, std::size_t bytes_max) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) throw Fault(fmt::format("cannot read {}: {}", file.string(), error.message()));
  if (size > bytes_max) {
    throw Fault(fmt::format("{} is {} bytes long, more than the {} expected", file.string(), size,
                            bytes_max));
  }
  std::string text(size, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(text.data(), static_cast<std::streamsize>(size));
  if (!stream) throw_errno("cannot read " + file.string());
  return text;
}

void write_text_file(const std::filesystem::path& file, std::string_view text) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.flush()) throw_errno("cannot write " + file.string());
}

}  // namespace unaided
