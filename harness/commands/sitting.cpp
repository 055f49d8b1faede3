#include "sitting.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "../client.h"
#include "../compiler.h"
#include "../declared_editor.h"
#include "../device_choice.h"
#include "../fault.h"
#include "../report_json.h"
#include "../screen.h"
#include "../seat.h"
#include "../session_begin.h"
#include "../session_status.h"
#include "session_request.h"

namespace unaided {
namespace {

nlohmann::json status_now(const SessionFolder& folder) {
  return status_to_json(folder, folder.replay(), SystemClock().now(), folder.hosted());
}

void end_sitting(CommandContext& context, const SessionFolder& folder) {
  print_debrief(context, folder);
  offer_notes(context, folder);
  context.exit_code = passed(folder.replay()) ? 0 : 1;
}

std::string why_unjudged(const SessionFolder& folder, const Session& session) {
  const VerdictReached* last = session.verdicts.empty() ? nullptr : &session.verdicts.back();
  const bool faulted = last != nullptr && last->tally.outcome == Outcome::kFault;
  return faulted ? read_report(folder.result(last->result)).message
                 : "see " + folder.log().string();
}

/// Past its deadline, a session that is taken up only has its last save judged.
void await_judgement(CommandContext& context, const SessionFolder& folder) {
  fmt::print("Time is over: judging the last save before the deadline.\n");
  std::fflush(stdout);
  try {
    ask_host(context, folder, {{"request", "watch"}});
  } catch (const Fault&) {  // its host was quicker: the journal has the result
  }
  const Session session = folder.replay();
  if (session.phase == Phase::kRunning) {
    throw Fault(fmt::format("it could not be judged: {}; `resume` tries again",
                            why_unjudged(folder, session)));
  }
  end_sitting(context, folder);
}

void print_directions(CommandContext& context, const SessionFolder& folder) {
  const Session session = folder.replay();
  fmt::print("{}", render_status(status_now(folder), context.terminal()));
  fmt::print(
      "\nEdit {0}.cpp in that folder; every save is judged. README.md there has the statement.\n"
      "From there: ./u watch shows the verdicts, ./u check judges now, ./u submit and ./u finish "
      "end it.\n",
      session.created.kata);
}

/// Without a terminal to share, `command` gets the workspace all the same, in the seat of a sealed
/// session.
void run_command(CommandContext& context, const SessionFolder& folder,
                 const std::vector<std::string>& command) {
  std::vector<std::string> argv = command;
  if (folder.replay().created.sealing.sealed) {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe");
    argv = seat_command(program, folder.seal_plan(), folder.seat_info(), command);
  }
  setenv("UNAIDED_SESSION", folder.path.c_str(), 1);
  context.exit_code = run_in_foreground(argv, folder.workspace()) == 0 ? 0 : 1;
}

void show_screen(CommandContext& context, const SessionFolder& folder,
                 const std::vector<std::string>& command) {
  const nlohmann::json made = ask_host(
      context, folder,
      {{"request", "screen"}, {"command", command}, {"columns", context.terminal().width}});
  if (made.is_null()) return;
  Screen(folder).attach();
  const nlohmann::json status = status_now(folder);
  if (status.at("phase") != "running") return end_sitting(context, folder);
  const nlohmann::json& left_ms = status.at("time_left_ms");
  if (!left_ms.is_null() && left_ms <= 0) return await_judgement(context, folder);
  fmt::print("{}", render_status(status, context.terminal()));
  fmt::print("The session goes on: {} resume {}\n", context.program, folder.id());
}

bool has_screen(CommandContext& context, const Sitting& sitting) {
  const Terminal& terminal = context.terminal();
  return terminal.input_is_tty && terminal.output_is_tty && sitting.editor.empty() &&
         !sitting.plain && Screen::available();
}

}  // namespace

void ensure_host(CommandContext& context, const SessionFolder& folder) {
  const Session session = folder.replay();
  if (session.phase != Phase::kRunning) {
    throw Fault(fmt::format("session {} is over: it is {}", folder.id(), phase_id(session.phase)));
  }
  if (host_answers(folder)) return;
  const Installation& installation = context.installation();
  const Toolchain toolchain = toolchain_of(installation);
  const std::string change = describe_change(session.toolchain, toolchain);
  if (!change.empty()) {
    fmt::print(stderr, "unaided: since this session began, {}; it goes on with that.\n", change);
  }
  const Kata kata = context.kata(session.created.kata);
  require_device(kata, session.created.emulated);
  ensure_header_cache(installation, kata.headers);
  start_host(host_setup(folder, installation, kata, toolchain, session.created.emulated));
}

std::vector<std::string> chosen_editor() {
  return terminal_editor(std::getenv("VISUAL"), std::getenv("EDITOR"));
}

bool has_seat(CommandContext& context, const Sitting& sitting) {
  return !sitting.json && (has_screen(context, sitting) || !sitting.command.empty());
}

void sit_down(CommandContext& context, const SessionFolder& folder, const Sitting& sitting) {
  const nlohmann::json status = status_now(folder);
  if (sitting.json) return print_json(status);
  const nlohmann::json& left_ms = status.at("time_left_ms");
  if (!left_ms.is_null() && left_ms <= 0) return await_judgement(context, folder);
  std::vector<std::string> left = sitting.command;
  if (left.empty()) {
    left = chosen_editor();
    if (!left.empty()) left.push_back(status.at("kata").get<std::string>() + ".cpp");
  }
  if (has_screen(context, sitting)) return show_screen(context, folder, left);
  if (!sitting.editor.empty()) {
    run_in_foreground(declared_editor_command(folder, program_place(sitting.editor)),
                      folder.workspace());
  }
  print_directions(context, folder);
  std::fflush(stdout);
  if (!sitting.command.empty()) run_command(context, folder, sitting.command);
}

}  // namespace unaided
