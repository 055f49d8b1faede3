#pragma once

#include <optional>

#include "verdict.h"

namespace unaided {

/// `report` with no more in it than `reveal` allows; its outcome is that of what is left. Compiler
/// errors, missing functions and forbidden calls are always told.
GradeReport revealed(GradeReport report, Reveal reveal);

/// As above for one check as it ends; nothing when it is not to be told on its own.
std::optional<CheckVerdict> revealed(CheckVerdict verdict, Reveal reveal);

/// A check that is counted, not named.
bool is_nameless(const CheckName& check);

}  // namespace unaided
