#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "check_library.h"

namespace unaided {

/// The checks that a request to judge asks for ("first_level", "last_level", "slow", "only").
std::vector<int> chosen_checks(const UnaidedCheckLibrary& library, const nlohmann::json& request);

/// "Behaviour.Name"
std::string full_name(const UnaidedCheck& check);

/// Runs those of `task` on its device in this very process, one after the other, for tools that
/// watch a program from its start. Nobody hears whether they pass. `task` also has "attempt",
/// "device" and "seed". Throws Fault when device or attempt cannot be had.
void run_alone(const UnaidedCheckLibrary& library, const nlohmann::json& task);

}  // namespace unaided
