#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "../fault.h"
#include "../history.h"
#include "../memo.h"
#include "../screen.h"
#include "commands.h"
#include "sitting.h"

namespace unaided {
namespace {

struct NotesOptions {
  std::string session;
  std::string kata;
  std::string search;
  bool edit = false;
};

constexpr struct {
  MemoEnd end;
  std::string_view sentence;
} kEndings[] = {
    {MemoEnd::kKept, "Kept in"},
    {MemoEnd::kNothing, "Nothing was written, so nothing was kept in"},
    {MemoEnd::kBrokenOff, "The editor failed; the next `notes --edit` goes on with the draft of"},
};

/// The words of $VISUAL or $EDITOR are the shell's business.
bool write_in_editor(const std::filesystem::path& file) {
  return run_in_foreground({"/bin/sh", "-c", "${VISUAL:-$EDITOR} \"$1\"", "sh", file.string()},
                           file.parent_path()) == 0;
}

bool has_editor() {
  const char* visual = std::getenv("VISUAL");
  const char* editor = std::getenv("EDITOR");
  return (visual != nullptr && *visual != '\0') || (editor != nullptr && *editor != '\0');
}

void edit(CommandContext& context, const SessionFolder& folder) {
  if (!has_editor())
    throw Fault("no editor is set: EDITOR=vim " + context.program + " notes --edit");
  const SessionSummary summary = summarize(folder.replay(), results_of(folder));
  const MemoEnd end = write_memo(folder, summary, write_in_editor);
  for (const auto& row : kEndings) {
    if (row.end == end) fmt::print("{} {}\n", row.sentence, memo_file(folder).string());
  }
}

void notes(CommandContext& context, const NotesOptions& options) {
  const SessionStore store(state_folder());
  if (options.edit) return edit(context, finished_session(store, options.session));
  const History history(store);
  print_remarks(history);
  std::vector<SessionSummary> sessions = history.sessions({options.kata, 0});
  if (!options.session.empty()) {
    const std::string id = store.find(options.session).id();
    std::erase_if(sessions, [&id](const SessionSummary& one) { return one.id != id; });
  }
  const std::string text = running_document(read_memos(store, sessions, options.search));
  fmt::print("{}", printable(text));
  if (text.empty()) {
    fmt::print(stderr, "No notes: {} notes --edit writes those on the last session.\n",
               context.program);
  }
}

}  // namespace

void offer_notes(CommandContext& context, const SessionFolder& folder) {
  const Terminal& terminal = context.terminal();
  const bool interactive = terminal.input_is_tty && terminal.output_is_tty;
  if (!interactive || !has_editor() || std::filesystem::exists(memo_file(folder))) return;
  edit(context, folder);
}

void add_notes(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<NotesOptions>();
  CLI::App* command =
      app.add_subcommand("notes", "what you wrote down after your sessions, as one document");
  command->group(kLookGroup);
  command->add_option("session", options->session, "only this one's, by id");
  command->add_option("--kata", options->kata, "only those on this kata");
  command->add_option("--search", options->search, "only those with this word in them");
  command->add_flag("--edit", options->edit,
                    "write them in $VISUAL or $EDITOR (default: on the session that ended last)");
  command->callback([options, &context] { notes(context, *options); });
}

}  // namespace unaided
