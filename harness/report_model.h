#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>

#include "kata.h"
#include "summary.h"

namespace unaided {

/// The version of the form below (docs/report.md).
inline constexpr int kReportModelSchema = 1;

/// All that the report's page shows, and nothing else: figures are rounded here and shown as they
/// are. Pure. Sessions that do not count for trends count in the totals only.
///   {"schema", "made": UTC,
///    "totals": {"sessions", "finished", "passed", "hours", "katas"},
///    "scores": [{"session", "day", "kata", "levels", "format", "percent", "seal"}, ..],
///    "first_pass": [{"kata", "level", "par_minutes": n | null,
///                    "times": [{"session", "day", "minutes"}, ..]}, ..],
///    "heat": {"weeks": [Monday, ..], "rows": [{"kata", "level",
///             "cells": [{"best", "sessions"} | null, ..]}, ..]},
///    "ladder": [{"kernel", "machine", "problem", "runs": [{"session", "day", "time_us", "speed",
///                "speed_low", "speed_high", "standing"}, ..]}, ..],
///    "failed": [{"kata", "level", "behaviour", "sessions", "points_lost", "last"}, ..]}
/// Sessions are the oldest first, behaviours the most costly first. Days are of the candidate's
/// calendar. A cell is the best percentage of a level's checks in that week. A speed is times that
/// of LibTorch, with its interval.
nlohmann::json report_model(std::span<const SessionSummary> sessions, std::span<const Kata> katas,
                            std::int64_t now_utc_ms);

}  // namespace unaided
