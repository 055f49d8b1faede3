#pragma once

#include <string>
#include <string_view>

namespace unaided {

/// A CUDA source as C++ for the emulated device, or why it cannot be one.
struct EmulatedSource {
  std::string text;     // line for line the source's
  std::string refusal;  // "name:line:column: error: …", or empty
};

/// Rewrites what is not C++ in `cuda`: launches, shared memory, includes of the CUDA runtime. All
/// else (qualifiers, built-in variables, intrinsics) is in harness/attempt_headers/cuda.h. `name`
/// is what a refusal names the file by.
EmulatedSource emulated_source(const std::string& name, std::string_view cuda);

}  // namespace unaided
