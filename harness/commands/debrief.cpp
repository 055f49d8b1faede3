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
#include "../session_ladder.h"
#include "../temporary_folder.h"
#include "../text_file.h"
#include "bench.h"
#include "commands.h"
#include "sitting.h"

namespace unaided {
namespace {

struct DebriefOptions {
  std::string session;
  bool reference = false;
  bool bench = false;
  AttemptTiming timing;
};

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

/// Times the attempt that counts and keeps the ladder in the session's folder.
void bench_session(CommandContext& context, const SessionFolder& folder, AttemptTiming timing) {
  const Session session = folder.replay();
  if (session.phase == Phase::kRunning) {
    throw Fault("session " + folder.id() + " goes on: what it leaves is timed when it has ended");
  }
  const auto hash = counting_attempt(session);
  if (!hash) throw Fault("nothing was saved in session " + folder.id());
  timing.kata = session.created.kata;
  timing.levels = {session.created.first_level, session.created.last_level};
  timing.attempt = folder.snapshot(*hash);
  const BenchReport report = time_attempt(context, timing);
  if (!report.problems.empty()) keep_ladder(folder, report);
}

void debrief(CommandContext& context, const DebriefOptions& options) {
  const SessionFolder folder = finished_session(SessionStore(state_folder()), options.session);
  if (options.reference) return print_beside_reference(context, folder);
  if (options.bench) bench_session(context, folder, options.timing);
  print_debrief(context, folder);
}

}  // namespace

SessionFolder finished_session(const SessionStore& store, std::string asked) {
  const char* here = std::getenv("UNAIDED_SESSION");
  if (asked.empty() && here != nullptr) asked = here;
  if (!asked.empty()) return store.find(asked);
  const std::vector<SessionSummary> sessions = History(store).sessions();
  const auto ended_ms = [](const SessionSummary& one) {
    return one.began_utc_ms + one.duration_ms;
  };
  const SessionSummary* latest = nullptr;
  for (const SessionSummary& one : sessions) {
    if (one.phase == Phase::kRunning) continue;
    if (latest == nullptr || ended_ms(*latest) <= ended_ms(one)) latest = &one;
  }
  if (latest == nullptr) throw Fault("no session has ended yet");
  return store.find(latest->id);
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
  const auto options = std::make_shared<DebriefOptions>();
  CLI::App* command = app.add_subcommand(
      "debrief", "what a finished session shows: what cost most, failed checks, times");
  command->group(kLookGroup);
  command->add_option("session", options->session,
                      "which one, by id (default: the one that ended last)");
  command->add_flag("--reference", options->reference,
                    "your attempt beside the reference, in $PAGER");
  CLI::Option* bench = command->add_flag(
      "--bench", options->bench, "first time your attempt beside LibTorch and others; kept");
  command->add_flag("--quick", options->timing.quick, "with --bench: seconds instead of a minute")
      ->needs(bench);
  command->add_flag("--tiny", options->timing.tiny, "the small problems of the tests")
      ->needs(bench)
      ->group("");
  command->callback([options, &context] { debrief(context, *options); });
}

}  // namespace unaided
