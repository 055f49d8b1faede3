#include "memo.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "history_text.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMemoBytesMax = 1'000'000;

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  return lowered;
}

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char byte) { return std::isspace(byte) != 0; });
}

}  // namespace

fs::path memo_file(const SessionFolder& folder) {
  return folder.path / "notes.md";
}

std::string memo_template(const SessionSummary& summary) {
  std::string missed;
  for (const FailedBehaviour& one : summary.failed) {
    missed += fmt::format("- level {}, {}: \n", one.level, one.behaviour);
  }
  if (missed.empty()) missed = "- \n";
  return fmt::format("## Asked\n\n- {} ({}): \n\n## Missed\n\n{}\n## Drill next\n\n- \n",
                     levels_text(summary), summary.format, missed);
}

MemoEnd write_memo(const SessionFolder& folder, const SessionSummary& summary,
                   const Writing& writing) {
  const fs::path memo = memo_file(folder);
  const fs::path draft = folder.path / "notes.draft.md";
  const std::string fresh = memo_template(summary);
  if (!fs::exists(draft)) {
    write_durably(draft, fs::exists(memo) ? read_text_file(memo, kMemoBytesMax) : fresh);
  }
  if (!writing(draft)) return MemoEnd::kBrokenOff;
  const std::string text = read_text_file(draft, kMemoBytesMax);
  const bool worth_keeping = !is_blank(text) && text != fresh;
  if (worth_keeping) write_durably(memo, text);
  fs::remove(draft);
  return worth_keeping ? MemoEnd::kKept : MemoEnd::kNothing;
}

std::vector<Memo> read_memos(const SessionStore& store, const std::vector<SessionSummary>& sessions,
                             std::string_view word) {
  std::vector<Memo> memos;
  for (const SessionSummary& session : sessions) {
    const fs::path file = memo_file(store.find(session.id));
    if (!fs::exists(file)) continue;
    std::string text = read_text_file(file, kMemoBytesMax);
    const bool meant = lower(text).find(lower(word)) != std::string::npos;
    if (meant) memos.push_back({session.id, std::move(text)});
  }
  return memos;
}

std::string running_document(const std::vector<Memo>& memos) {
  std::string text;
  for (const Memo& memo : memos) {
    const bool ends = memo.text.ends_with('\n');
    text += fmt::format("{}# {}\n\n{}{}", text.empty() ? "" : "\n", memo.session, memo.text,
                        ends ? "" : "\n");
  }
  return text;
}

}  // namespace unaided
