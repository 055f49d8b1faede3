#pragma once

#include <string>
#include <vector>

#include "support/kernel.h"

namespace unaided::bench {

/// Loads a shared object of an attempt and a contract's file, for good, and makes it a rung of this
/// name for `shapes`. From then on hostile code has run in this process. Throws Fault when it
/// cannot be loaded.
Rung load_attempt(const std::string& library, const std::string& name,
                  const std::vector<std::string>& shapes);

}  // namespace unaided::bench
