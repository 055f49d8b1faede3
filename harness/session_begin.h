#pragma once

#include <optional>
#include <string>

#include "host.h"
#include "installation.h"
#include "level_span.h"
#include "planting.h"
#include "sealing.h"
#include "session_store.h"

namespace unaided {

struct BeginRequest {
  std::string format = "drill";
  LevelSpan levels;
  std::optional<double> minutes;  // instead of what the format allows
  bool clock = true;              // shown on the screen
  SealRequest seal;
  std::optional<Planted> planted;  // the attempt to begin with, in a format that plants bugs
  bool emulated = false;           // a device's kata is judged on the CPU
};

/// Makes a session: its folder, the workspace, and a journal whose first event starts the clock.
/// Throws Fault, leaving nothing behind.
SessionFolder begin_session(const SessionStore& store, const Kata& kata,
                            const Installation& installation, const Toolchain& toolchain,
                            const BeginRequest& request, const Clock& clock);

/// What grades attempts here and now.
Toolchain toolchain_of(const Installation& installation);

/// "LibTorch 2.14.0 instead of 2.13.0", or "" where nothing changed.
std::string describe_change(const Toolchain& before, const Toolchain& now);

/// The host of a session, with the real grader and clock. `emulated`: as the session was created.
HostSetup host_setup(const SessionFolder& folder, const Installation& installation,
                     const Kata& kata, const Toolchain& toolchain, bool emulated);

}  // namespace unaided
