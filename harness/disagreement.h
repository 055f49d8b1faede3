#pragma once

#include <span>
#include <string>
#include <vector>

#include "kata_material.h"
#include "verification.h"

namespace unaided {

/// Where two gradings of the same trials, by the resident compiler and by stock clang, came to
/// other verdicts: outcomes, which checks there were, what the compiler said. Compares as many as
/// both have.
std::vector<Problem> disagreements(std::span<const TrialResult> resident,
                                   std::span<const TrialResult> stock);

/// What to tell a candidate whose text compiled on the save and does not for the record, or the
/// other way round; empty when the two agree.
std::string compiler_disagreement(Outcome on_save, Outcome of_record);

}  // namespace unaided
