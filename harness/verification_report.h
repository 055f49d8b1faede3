#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "terminal.h"
#include "verification.h"

namespace unaided {

/// The kill matrix of each level, mutants × checks, then what was counted and every problem.
std::string render_verification(const Verification& verification, const Terminal& terminal);

/// {"kata", "proven", "first_level", "last_level", "problems": [{"id", "message"}], "checks":
///  [{"level", "behaviour", "check", "example", "slow", "kills"}], "mutants": [{"name", "level",
///  "blind", "description", "outcome", "killed", "killed_by": [{"behaviour", "check",
///  "outcome"}]}], "attempts": [{"name", "first_level", "last_level", "passed", "total"}]}; of a
/// device's kata also "device", as in a report.
nlohmann::json verification_to_json(const Verification& verification);

}  // namespace unaided
