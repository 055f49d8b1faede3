#pragma once

#include <span>
#include <vector>

#include "kata_material.h"
#include "verification.h"

namespace unaided {

/// Where two gradings of the same trials, by the resident compiler and by stock clang, came to
/// other verdicts: outcomes, which checks there were, what the compiler said. Compares as many as
/// both have.
std::vector<Problem> disagreements(std::span<const TrialResult> resident,
                                   std::span<const TrialResult> stock);

}  // namespace unaided
