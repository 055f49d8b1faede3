#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gpu.h"

namespace unaided {

/// What NVIDIA's driver said of itself and of the cards.
struct DriverAnswer {
  std::string failure;            // one sentence, why it lists no card; empty when it lists some
  std::filesystem::path library;  // libcuda's file, links resolved
  std::string cuda;               // "13.0"
  std::vector<Gpu> gpus;
};

/// Opens libcuda by that name or path, and NVML for the clocks and the temperature; without NVML
/// those stay unknown. Initialises CUDA in this process: children that it forks cannot use a card.
DriverAnswer ask_driver(const std::string& libcuda, const std::string& libnvml);

}  // namespace unaided
