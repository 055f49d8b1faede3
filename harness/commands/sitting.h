#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../command.h"
#include "../session_store.h"

// What `start` and `resume` share: a host for the session, then a place to sit down.
namespace unaided {

/// Makes sure that the session has a host. Says in one sentence when the toolchain has changed
/// since the session began.
void ensure_host(CommandContext& context, const SessionFolder& folder);

/// How the candidate wants to sit.
struct Sitting {
  std::vector<std::string> command;  // in place of the editor
  std::string editor;                // "code": outside, declared; else empty
  bool plain = false;                // without the screen
  bool json = false;                 // not at all: the session is described
};

/// The words of the editor that $VISUAL or $EDITOR names; empty for none that a terminal can show.
std::vector<std::string> chosen_editor();

/// Whether the candidate will be in a terminal of ours, which can be sealed.
bool has_seat(CommandContext& context, const Sitting& sitting);

/// Shows the screen where this terminal allows it; else says where the workspace is and what to do,
/// and runs the command.
void sit_down(CommandContext& context, const SessionFolder& folder, const Sitting& sitting);

/// The session named by id or path, else this workspace's, else the one that ended last. Throws
/// Fault when there is none.
SessionFolder finished_session(const SessionStore& store, std::string asked);

/// What a session that is over has to tell.
void print_debrief(CommandContext& context, const SessionFolder& folder);

/// On a terminal, for a session without notes: opens the template in the candidate's editor.
void offer_notes(CommandContext& context, const SessionFolder& folder);

/// `start`, with everything but these by default.
void start_session(CommandContext& context, const std::string& kata, const std::string& format,
                   std::optional<int> level);

}  // namespace unaided
