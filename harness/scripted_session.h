#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "session_store.h"

namespace unaided {

/// One save of a scripted session, judged at once.
struct ScriptedSave {
  std::int64_t at_ms = 0;  // since the session began
  Purpose purpose = Purpose::kSave;
  int last_level = 1;               // judged up to
  std::vector<std::string> failed;  // behaviours of that level, of kScriptedBehaviours
};

/// What every scripted level is checked for, by two checks each.
inline constexpr const char* kScriptedBehaviours[] = {"Shape", "Values", "Edges", "Gradients"};

/// A session that nobody sat: for tests and measurements of what is made of many sessions.
struct ScriptedSession {
  std::string kata = "attention";
  std::string format = "drill";
  int first_level = 1;
  int last_level = 1;
  std::int64_t began_utc_ms = 0;
  std::int64_t allowed_ms = 45 * 60'000;
  std::vector<ScriptedSave> saves;  // the last one's purpose ends the session, unless abandoned
  bool abandoned = false;
  bool running = false;  // no end
};

/// Writes the session's folder as a host would: journal, snapshots, results. Throws Fault.
SessionFolder write_scripted_session(const SessionStore& store, const ScriptedSession& script);

/// A session of one level that passes after `pass_ms`, or fails `behaviour` for good when one is
/// given.
ScriptedSession scripted_drill(const std::string& kata, int level, std::int64_t began_utc_ms,
                               std::int64_t pass_ms, const std::string& behaviour = "");

}  // namespace unaided
