#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "verdict.h"

namespace unaided {

/// The version of the form below; a reader refuses a newer one.
inline constexpr int kReportSchema = 1;

/// A report for programs (docs/json.md), for the journal and between host and client:
///   {"schema": 1, "kata", "snapshot", "first_level", "last_level", "asked_level", "seed":
///   "<decimal>", "outcome",
///    "message", "passed": n, "total": n, "exit_code",
///    "told": "examples" | "counts" | "names" | "everything", "limits_not_held": [..],
///    "compile_ms", "total_ms", "checks": [{"level", "behaviour", "check", "example", "slow",
///    "outcome", "message", "output", "wall_ms", "memory_kb"}, ..]}
/// Outcomes are ids of the outcome table. The seed is text, since 64 bits do not fit a double.
nlohmann::json report_to_json(const GradeReport& report);
/// The report of `grade` on a file: with the key "file".
nlohmann::json file_report_to_json(const std::string& file, const GradeReport& report);
nlohmann::json check_verdict_to_json(const CheckVerdict& verdict);

/// The inverse; ignores keys it does not know and what can be computed. Throws Fault naming the key
/// when one is missing or wrong, or when the schema is newer.
GradeReport report_from_json(const nlohmann::json& json);
CheckVerdict check_verdict_from_json(const nlohmann::json& json);

/// The report in a file of a session's results/. Throws Fault.
GradeReport read_report(const std::filesystem::path& file);

}  // namespace unaided
