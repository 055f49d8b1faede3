#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "installation.h"
#include "seal_report.h"
#include "session_store.h"

namespace unaided {

/// How a session is to be sealed.
struct SealRequest {
  SealMode mode = SealMode::kAuto;
  bool seated = false;                   // the candidate sits down to a terminal of ours
  bool declared = false;                 // to VS Code, outside
  std::vector<std::string> environment;  // of the user
};

/// "required", "auto", "off". Throws Fault for another word.
SealMode seal_mode(const std::string& word);

/// Before the clock starts: writes the plan of the session's seat, tries the seal and keeps the
/// report (seal.json). Throws Fault when the seal is required and cannot be had.
Sealing seal_session(const SessionFolder& folder, const Installation& installation,
                     const SealRequest& request, std::int64_t now_ms);

/// The report of a sealed session, as it stands; nothing in an unsealed one.
std::optional<SealReport> read_seal_report(const SessionFolder& folder);

void write_seal_report(const SessionFolder& folder, const SealReport& report);

/// For the status line: "AI off: enforced", "AI off: declared", or that it is not and why. Looks at
/// a declared editor's profile again.
std::string seal_label(const SessionFolder& folder, const Session& session);

}  // namespace unaided
