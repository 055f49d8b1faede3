#include "support/backend.h"

#include <ATen/Version.h>

#include "support/simd.h"

namespace unaided::bench {

std::string libtorch_backend(const Problem&, const Tensors& inputs) {
  if (!inputs.empty() && inputs[0].is_cuda()) return "CUDA";
  return at::get_cpu_capability();
}

std::string fast_backend(const Problem&, const Tensors&) {
  return simd_name();
}

}  // namespace unaided::bench
