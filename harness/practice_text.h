#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plan.h"
#include "practice.h"
#include "terminal.h"

namespace unaided {

/// Two lines: what, in which format and how long; and why.
std::string render_choice(const Choice& choice, Day today, const Terminal& terminal);

/// {"schema": 1, "kata", "level": 0 for all, "format", "minutes", "reason": "failed" | "new" |
///  "due" | "nothing_due" | "sitting", "behaviour": that failed, or null, "sentence", "command"}
nlohmann::json choice_to_json(const Choice& choice, Day today);

/// A line a sitting, under its day.
std::string render_plan(const std::vector<PlannedDay>& plan, Day interview,
                        const Terminal& terminal);

/// {"schema": 1, "interview": day, "days": [{"day", "sittings": [as choice_to_json(), ..]}, ..]}
nlohmann::json plan_to_json(const std::vector<PlannedDay>& plan, Day interview);

}  // namespace unaided
