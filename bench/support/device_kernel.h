// The kernels of the CPU's ladder on a card: the same problems, inputs and oracles, and of the
// rungs those that are made of LibTorch's operators, since these run where their tensors are.
#pragma once

#include <torch/types.h>

#include "support/kernel.h"

namespace unaided::bench {

/// `kernel` with inputs on `device` and outputs judged on the processor. Where the kernel has
/// float32 problems alone, each has a twin in bfloat16: rungs that need more digits convert before
/// and after, as everybody writes it, and attempts are not timed on it. Lessons tell of processors
/// and are left out. `kernel` must outlive what is returned.
Kernel on_device(const Kernel& kernel, const torch::Device& device);

/// `kernel` of a card, with the library's function as its fast rung.
void add_fast_rung(Kernel& kernel, const std::string& library,
                   const std::vector<std::string>& shapes);

/// Copies on `device`; a tensor that lies there already or is undefined is returned as it is.
Tensors moved(const Tensors& tensors, const torch::Device& device);

}  // namespace unaided::bench
