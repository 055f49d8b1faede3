#include "contract_folder.h"

#include <algorithm>
#include <utility>

namespace unaided {

namespace fs = std::filesystem;

ContractFolder::ContractFolder(const fs::path& folder, std::vector<fs::path> contracts)
    : folder_(folder), contracts_(std::move(contracts)) {
  fs::create_directories(folder_);
}

void ContractFolder::show(int level) {
  const std::size_t asked = level == 0 ? contracts_.size() : static_cast<std::size_t>(level);
  for (; shown_ < std::min(asked, contracts_.size()); ++shown_) {
    const fs::path& contract = contracts_[shown_];
    fs::copy_file(contract, folder_ / contract.filename(), fs::copy_options::overwrite_existing);
  }
}

}  // namespace unaided
