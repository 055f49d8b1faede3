#pragma once

#include <filesystem>
#include <vector>

namespace unaided {

/// Where a compiler finds a kata's contracts: only those of the levels that the candidate may see,
/// or an attempt could read what is locked by including it.
class ContractFolder {
 public:
  /// Makes the folder, empty. `contracts` are the files by level, from 1.
  ContractFolder(const std::filesystem::path& folder, std::vector<std::filesystem::path> contracts);

  /// Puts the contracts up to `level` there, 0 meaning all; what is there stays.
  void show(int level);

  const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> contracts_;
  std::size_t shown_ = 0;
};

}  // namespace unaided
