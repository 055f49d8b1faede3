#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kata.h"
#include "notes.h"
#include "session_store.h"
#include "terminal.h"

namespace unaided {

inline constexpr int kFollowUps = 3;

/// Questions that an interviewer would ask now, and that nobody has answered in this session yet.
std::vector<FollowUp> open_follow_ups(const SessionFolder& folder, const Session& session,
                                      const Kata& kata);

/// Gives the candidate's text after `question`; nothing when they go away.
using Answering = std::function<std::optional<std::string>(std::string_view question)>;

/// Has every open question answered and keeps the answers; model answers are told only after that.
/// False when it was broken off: nothing is kept, and the questions stay open.
bool answer_follow_ups(const SessionFolder& folder, const Session& session, const Kata& kata,
                       const Answering& answering);

/// The debrief's part: questions with the candidate's and the model answers, or the questions alone
/// while they are open. Empty in a format without.
std::string render_follow_ups(const SessionFolder& folder, const Session& session, const Kata& kata,
                              const Terminal& terminal);

}  // namespace unaided
