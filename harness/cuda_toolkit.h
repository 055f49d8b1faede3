#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "installation.h"

namespace unaided {

/// A compiler of .cu files: nvcc and the folder that it needs whole.
struct CudaToolkit {
  std::filesystem::path nvcc;    // links resolved
  std::filesystem::path folder;  // its bin, include, nvvm
  std::string version;           // "13.0.88"

  int major() const;
};

/// Where a toolkit is looked for, in this order.
struct ToolkitPlaces {
  std::string path;              // $PATH
  std::filesystem::path local;   // "/usr/local/cuda"
  std::filesystem::path wheels;  // the site-packages of ./unaided setup --toolkit; may not exist
  int major = 0;                 // of the CUDA runtime that LibTorch brings; 0: any will do
};

struct ToolkitFinding {
  std::optional<CudaToolkit> toolkit;
  std::string absence;  // one sentence, why there is none, with what was passed over
};

/// The first toolkit whose CUDA is of the same major version as LibTorch's: an attempt and LibTorch
/// share one runtime library.
ToolkitFinding find_cuda_toolkit(const ToolkitPlaces& places);

/// This machine's places.
ToolkitPlaces toolkit_places(const Installation& installation);

/// What code is made for where no card is here to be asked: A100, RTX 30, RTX 40, H100, RTX 50.
inline constexpr const char* kArchitectures[] = {"80", "86", "89", "90", "120"};

/// The name under which nvcc makes code for one card, with all that this card alone can do: "86",
/// "90a".
std::string native_architecture(int capability_major, int capability_minor);

}  // namespace unaided
