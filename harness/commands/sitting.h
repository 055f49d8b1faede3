#pragma once

#include <string>
#include <vector>

#include "../command.h"
#include "../session_store.h"

// What `start` and `resume` share: a host for the session, then a place to sit down.
namespace unaided {

/// Makes sure that the session has a host. Says in one sentence when the toolchain has changed
/// since the session began.
void ensure_host(CommandContext& context, const SessionFolder& folder);

/// Shows the two-pane screen where this terminal and the user's editor allow it, with `command` in
/// place of the editor unless it is empty; else says where the workspace is and what to do.
void sit_down(CommandContext& context, const SessionFolder& folder,
              const std::vector<std::string>& command, bool json);

/// What a session that is over has to tell.
void print_debrief(CommandContext& context, const SessionFolder& folder);

}  // namespace unaided
