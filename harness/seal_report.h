#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sandbox.h"
#include "seal.h"
#include "seal_probe.h"

namespace unaided {

enum class SealStatus {
  kEnforced,       // the escape works outside and is refused inside
  kVerified,       // the same, of something that was only looked for
  kOpen,           // the escape works inside
  kNotProvable,    // it does not work outside either, so its failing inside proves nothing
  kNotVerifiable,  // nothing on this machine can tell
};
const char* seal_status_name(SealStatus status);

struct SealReportRow {
  Channel channel;
  SealStatus status;
  std::string how;
  std::int64_t at_ms;  // Unix time of the last look
};

/// What a seal is worth, and since when: seal.json and the table of the debrief.
struct SealReport {
  std::vector<SealReportRow> rows;    // in the order of seal_rows()
  std::vector<std::string> dotfiles;  // of the user, readable inside

  /// Nothing is open.
  bool enforced() const;
  /// The names of what is open, with how; empty when nothing is.
  std::string open_channels() const;
};
void to_json(nlohmann::json& json, const SealReport& report);
/// Throws Fault when it is not one of these.
void from_json(const nlohmann::json& json, SealReport& report);

/// Compares what came of the escapes outside and inside. Pure.
SealReport judge_escapes(const std::map<std::string, Escape>& outside,
                         const std::map<std::string, Escape>& inside, std::int64_t now_ms);

/// What was seen of a running seat from outside, about one channel.
struct SealFinding {
  Channel channel;
  bool held;
  std::string how;
};
/// Notes the findings at their rows: one that does not hold opens its row for good, since a report
/// tells of the whole session.
void add_findings(SealReport& report, const std::vector<SealFinding>& findings,
                  std::int64_t now_ms);
/// Notes a later probe: what is open in either is open.
void add_probe(SealReport& report, const SealReport& later);

/// Lines of at most `columns` columns: enforced, verified, open, not provable here, not verifiable,
/// each with when it was last looked at.
std::string render_seal(const SealReport& report, std::size_t columns);

enum class SealMode { kRequired, kAuto, kOff };

struct SealDecision {
  bool sealed = false;
  bool refused = false;  // `required`, and it cannot be had
  std::string label;     // for the status line
  std::string reason;    // why it is not sealed; empty when it is
};
/// `report` is null when no probe was possible. Pure.
SealDecision decide_seal(SealMode mode, const SandboxSupport& support, const SealReport* report);

/// What to do about a bubblewrap that fails with this output; empty when nothing is known.
std::string seal_mend(const std::string& output);

}  // namespace unaided
