// What really ran, for the rungs' `backend`.
#pragma once

#include <string>

#include "support/kernel.h"

namespace unaided::bench {

/// The instruction set that LibTorch's own kernels use: "AVX512", "AVX2" or "DEFAULT"; on a card,
/// "CUDA".
std::string libtorch_backend(const Problem& problem, const Tensors& inputs);

/// The instruction set that fast rungs use.
std::string fast_backend(const Problem& problem, const Tensors& inputs);

}  // namespace unaided::bench
