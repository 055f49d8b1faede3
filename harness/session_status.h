#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "session_store.h"
#include "terminal.h"

namespace unaided {

/// Where a session stands, for programs and between host and client:
///   {"session", "kata", "format", "first_level", "last_level": that is open,
///    "levels": the last that there is, "hints": given, "phase", "seal", "hosted", "created",
///    "deadline": UTC or null, "time_left_ms": n or null, "time_by_wall_clock", "snapshots",
///    "submits", "resumes", "workspace", "libtorch", "clang", "compiler": for saves, of the host,
///    "last_verdict": null or {"at", "purpose", "snapshot", "outcome", "passed", "total"},
///    "result": null or {"reason", "snapshot", "outcome"}}
nlohmann::json status_to_json(const SessionFolder& folder, const Session& session,
                              const Moment& now, bool hosted, const std::string& compiler = "");

/// The same as a few lines of text.
std::string render_status(const nlohmann::json& status, const Terminal& terminal);

/// "11 m 20 s left", "no time limit", "time is over".
std::string time_text(const nlohmann::json& status);

/// One line for tmux: the session, time left (louder as the end comes near), passed of all checks,
/// seal.
std::string status_line(const nlohmann::json& status);

/// The moment of the next warning that time is short, as time left: 15, 5 and 1 minutes. Nothing
/// when all have passed.
std::optional<std::int64_t> next_warning_ms(std::int64_t left_ms);

/// "attention, level 2 (drill)".
std::string session_title(const Session& session);

}  // namespace unaided
