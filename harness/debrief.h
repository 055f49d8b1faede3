#pragma once

#include <string>
#include <vector>

#include "kata_material.h"
#include "practice.h"
#include "session_store.h"
#include "summary.h"
#include "terminal.h"

namespace unaided {

/// What a session is seen against.
struct Background {
  std::vector<Kata> katas;
  std::vector<SessionSummary> sessions;  // the oldest first, as History gives them
};

/// What a session that is over has to tell: in one sentence what cost most and what to do about it;
/// then how it ended, every hidden check that failed with its message, times beside par and the
/// last time, the bugs that were planted, the seal. Throws Fault while the session goes on.
std::string render_debrief(const SessionFolder& folder, const KataMaterial& material,
                           const Background& background, const Terminal& terminal);

/// The attempt that counts beside the reference of its levels, in `columns`. Throws Fault when
/// nothing was saved, or while the session goes on.
std::string beside_reference(const SessionFolder& folder, const KataMaterial& material,
                             int columns);

}  // namespace unaided
