#include <fmt/format.h>

#include <iostream>

#include "../history.h"
#include "../practice_text.h"
#include "../session_status.h"
#include "commands.h"
#include "sitting.h"

namespace unaided {
namespace {

struct Running {
  SessionFolder folder;
  std::string line;
};

std::vector<Running> running_sessions(CommandContext& context, const SessionStore& store,
                                      const std::vector<SessionSummary>& sessions) {
  std::vector<Running> running;
  const Moment now = SystemClock().now();
  for (const SessionSummary& summary : sessions) {
    if (summary.phase != Phase::kRunning) continue;
    const SessionFolder folder = store.find(summary.id);
    const Session session = folder.replay();
    if (session.phase != Phase::kRunning) continue;
    const auto left = time_left(session, now);
    const std::string time = !left          ? "no time limit"
                             : left->ms > 0 ? duration_text(left->ms) + " left"
                                            : "time is over: judges the last save";
    running.push_back({folder, fmt::format("  {} resume {}   {}, {}\n", context.program,
                                           folder.id(), session_title(session), time)});
  }
  return running;
}

/// Whether Enter was pressed at a terminal, and nothing else.
bool agreed(CommandContext& context, std::string_view to_what) {
  const Terminal& terminal = context.terminal();
  if (!terminal.input_is_tty || !terminal.output_is_tty) return false;
  fmt::print("\nEnter {} (anything else leaves): ", to_what);
  std::fflush(stdout);
  std::string answer;
  return std::getline(std::cin, answer) && answer.empty();
}

void go_back(CommandContext& context, const SessionFolder& folder) {
  ensure_host(context, folder);
  sit_down(context, folder, {});
}

}  // namespace

int run_bare(CommandContext& context) {
  const SessionStore store(state_folder());
  const History history(store);
  print_remarks(history);
  const std::vector<SessionSummary> sessions = history.sessions();
  const auto running = running_sessions(context, store, sessions);
  if (!running.empty()) fmt::print("Go back to\n");
  for (const Running& one : running) fmt::print("{}", one.line);

  const Day today = local_day(SystemClock().now().utc_ms);
  const Choice choice = choose_practice(katas_to_propose(context), level_tries(sessions), today);
  fmt::print("{}{}  {} {}\n\nAll commands: {} --help\n", running.empty() ? "" : "\nOr practise ",
             render_choice(choice, today, context.terminal()), context.program, choice.command(),
             context.program);
  if (!running.empty()) {
    if (agreed(context, "goes back")) go_back(context, running.front().folder);
  } else if (agreed(context, "starts it")) {
    start_session(context, choice.kata, choice.format, choice.level);
  }
  return context.exit_code;
}

}  // namespace unaided
