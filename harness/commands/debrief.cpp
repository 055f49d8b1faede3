#include "../debrief.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "../fault.h"
#include "../follow_up.h"
#include "../history.h"
#include "../screen.h"
#include "../temporary_folder.h"
#include "../text_file.h"
#include "commands.h"
#include "sitting.h"

namespace unaided {
namespace {

/// Lines up to an empty one; nothing at the end of the input.
std::optional<std::string> read_answer(std::string_view question) {
  fmt::print("\n{}\n(Write your answer; an empty line ends it.)\n> ", question);
  std::fflush(stdout);
  std::string answer;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty()) return answer;
    answer += line + "\n";
    fmt::print("> ");
    std::fflush(stdout);
  }
  return std::nullopt;
}

void ask_follow_ups(CommandContext& context, const SessionFolder& folder, const Kata& kata) {
  const Session session = folder.replay();
  const bool interactive = context.terminal().input_is_tty && context.terminal().output_is_tty;
  if (!interactive || open_follow_ups(folder, session, kata).empty()) return;
  fmt::print("The clock has stopped. An interviewer would ask now:\n");
  answer_follow_ups(folder, session, kata, read_answer);
}

/// On a terminal in the user's pager, else as it is.
void print_beside_reference(CommandContext& context, const SessionFolder& folder) {
  const Kata kata = context.kata(folder.replay().created.kata);
  const Terminal& terminal = context.terminal();
  const std::string text =
      printable(beside_reference(folder, read_kata_material(kata), terminal.width));
  if (!terminal.output_is_tty) return fmt::print("{}", text);
  const TemporaryFolder shown;
  write_text_file(shown.path() / "reference", text);
  run_in_foreground({"/bin/sh", "-c", "${PAGER:-less -S} reference"}, shown.path());
}

}  // namespace

SessionFolder finished_session(const SessionStore& store, std::string asked) {
  const char* here = std::getenv("UNAIDED_SESSION");
  if (asked.empty() && here != nullptr) asked = here;
  if (!asked.empty()) return store.find(asked);
  std::vector<std::string> unreadable;
  const std::vector<SessionRecord> sessions = read_sessions(store, unreadable);
  const SessionRecord* latest = nullptr;
  for (const SessionRecord& record : sessions) {
    const auto& ended = record.session.ended_at;
    if (!ended) continue;
    if (latest == nullptr || latest->session.ended_at->utc_ms <= ended->utc_ms) latest = &record;
  }
  if (latest == nullptr) throw Fault("no session has ended yet");
  return latest->folder;
}

void print_debrief(CommandContext& context, const SessionFolder& folder) {
  const Kata kata = context.kata(folder.replay().created.kata);
  ask_follow_ups(context, folder, kata);
  const History history{SessionStore(state_folder())};
  print_remarks(history);
  const Background background{katas_to_propose(context), history.sessions()};
  fmt::print("{}",
             render_debrief(folder, read_kata_material(kata), background, context.terminal()));
  std::fflush(stdout);
}

void add_debrief(CLI::App& app, CommandContext& context) {
  const auto asked = std::make_shared<std::string>();
  const auto reference = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "debrief", "what a finished session shows: what cost most, failed checks, times");
  command->group(kLookGroup);
  command->add_option("session", *asked, "which one, by id (default: the one that ended last)");
  command->add_flag("--reference", *reference, "your attempt beside the reference, in $PAGER");
  command->callback([asked, reference, &context] {
    const SessionFolder folder = finished_session(SessionStore(state_folder()), *asked);
    if (*reference) return print_beside_reference(context, folder);
    print_debrief(context, folder);
  });
}

}  // namespace unaided
