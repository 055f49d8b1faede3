#pragma once

#include "support/kernel.h"

namespace unaided::bench {

/// Kernels that are timed on a card and not on the processor: those of the rungs are tensor
/// operators that run on either.
std::vector<Kernel> card_kernels();

}  // namespace unaided::bench
