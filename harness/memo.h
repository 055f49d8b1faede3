#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "session_store.h"
#include "summary.h"

namespace unaided {

/// What the candidate wrote down after a session. (The notes of a kata's authors are notes.h.)
struct Memo {
  std::string session;
  std::string text;
};

/// notes.md in the session's folder.
std::filesystem::path memo_file(const SessionFolder& folder);

/// Three headings to write under: asked, missed (with the behaviours that failed), drill next.
std::string memo_template(const SessionSummary& summary);

/// Lets the candidate write a file; false when they could not.
using Writing = std::function<bool(const std::filesystem::path& file)>;

/// What came of it.
enum class MemoEnd {
  kKept,
  kNothing,    // an empty text or an untouched template
  kBrokenOff,  // the draft is there the next time
};

/// Has the session's memo written, from the template when there is none. The memo is replaced as a
/// whole once the writing has ended; should it be cut off, the draft is there the next time.
MemoEnd write_memo(const SessionFolder& folder, const SessionSummary& summary,
                   const Writing& writing);

/// The memos of these sessions that hold `word` (case aside; "" is in all), in their order.
std::vector<Memo> read_memos(const SessionStore& store, const std::vector<SessionSummary>& sessions,
                             std::string_view word);

/// One running document: every memo under a heading with its session.
std::string running_document(const std::vector<Memo>& memos);

}  // namespace unaided
