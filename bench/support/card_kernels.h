#pragma once

#include "support/kernel.h"

namespace unaided::bench {

/// Kernels that are timed on a card and not on the processor. Their rungs are tensor operators,
/// which run on either.
std::vector<Kernel> card_kernels();

}  // namespace unaided::bench
