#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "fault.h"

namespace unaided {

/// A private folder below `parent` ($TMPDIR or /tmp unless given), removed with its owner.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(
      const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string name = (parent / "unaided-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw_errno("cannot make a folder like " + name);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace unaided
