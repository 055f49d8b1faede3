#pragma once

#include <string>

#include "kata_material.h"
#include "session_store.h"
#include "terminal.h"

namespace unaided {

/// What a session that is over has to tell: how it ended, every hidden check that failed with its
/// message, and the bugs that were planted. Throws Fault while the session goes on.
std::string render_debrief(const SessionFolder& folder, const KataMaterial& material,
                           const Terminal& terminal);

}  // namespace unaided
