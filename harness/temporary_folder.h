#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "fault.h"

namespace unaided {

/// A private folder below $TMPDIR or /tmp, removed with its owner. Used by tests only.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "unaided-XXXXXX").string();
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
