#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "summary.h"
#include "terminal.h"

namespace unaided {

/// One line a session, the newest last: when, what, how it went, how long it took, its seal.
std::string render_history(const std::vector<SessionSummary>& sessions, const Terminal& terminal);

/// "420 of 600 points", "18 of 21 checks", "not judged".
std::string score_text(const SessionSummary& session);

/// "attention 2" or "attention 1-4".
std::string levels_text(const SessionSummary& session);

/// The sessions for programs:
///   {"schema": 1, "sessions": [{"session", "kata", "format", "phase", "first_level", "last_level",
///    "began": UTC, "duration_ms", "outcome", "passed", "checks", "points", "points_max", "sealed",
///    "seal", "saves", "check_runs", "submits", "hints", "longest_gap_ms",
///    "levels": [{"level", "passed", "checks", "points", "points_max", "began_ms", "reading_ms",
///    "first_check_ms", "first_pass_ms"}, ..], each null where it did not happen,
///    "failed": [{"level", "behaviour", "failed", "checks", "points_lost"}, ..]}, ..]}
nlohmann::json history_to_json(const std::vector<SessionSummary>& sessions);

}  // namespace unaided
