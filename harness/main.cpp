// The command line: wires the commands and turns every way of ending into an exit code. Does not
// link LibTorch, so that it starts in milliseconds.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <memory>

#include "commands/commands.h"
#include "fault.h"
#include "usage.h"

namespace {

using unaided::CommandContext;

constexpr int kFaultExit = 2;
constexpr int kInterruptedExit = 130;

/// The commands, in the order of the help.
constexpr void (*kCommands[])(CLI::App&, CommandContext&) = {
    unaided::add_next,
    unaided::add_start,
    unaided::add_watch,
    unaided::add_check,
    unaided::add_run,
    unaided::add_submit,
    unaided::add_finish,
    unaided::add_resume,
    unaided::add_unlock,
    unaided::add_hint,
    unaided::add_reset,
    unaided::add_abandon,
    unaided::add_plan,
    unaided::add_list,
    unaided::add_show,
    unaided::add_api,
    unaided::add_time,
    unaided::add_status,
    unaided::add_debrief,
    unaided::add_notes,
    unaided::add_history,
    unaided::add_progress,
    unaided::add_report,
    unaided::add_export,
    unaided::add_grade,
    unaided::add_bench,
    unaided::add_compare,
    unaided::add_dotfiles,
    unaided::add_launcher_commands,
    unaided::add_dev,
    unaided::add_seal,
    unaided::add_gpu,
    unaided::add_help,
};

const std::map<std::string, unaided::ColourChoice> kColourChoices = {
    {"auto", unaided::ColourChoice::kAuto},
    {"always", unaided::ColourChoice::kAlways},
    {"never", unaided::ColourChoice::kNever},
};

CommandContext* interrupted_context = nullptr;

/// The first Ctrl-C asks the command to stop and tidy up; the second one ends the process.
void on_interrupt(int) {
  if (interrupted_context->interrupt.cancelled()) _exit(kInterruptedExit);
  interrupted_context->interrupt.cancel();
}

void catch_interrupts(CommandContext& context) {
  interrupted_context = &context;
  struct sigaction action {};
  action.sa_handler = on_interrupt;  // without SA_RESTART: blocked calls return EINTR
  sigaction(SIGINT, &action, nullptr);
}

void add_global_options(CLI::App& app, CommandContext& context) {
  app.add_option_function<std::string>(
         "--color,--colour",
         [&context](const std::string& choice) { context.colour = kColourChoices.at(choice); },
         "colours: auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->option_text("auto|always|never");
  app.set_version_flag("--version", [&context] {
    const unaided::Installation& installation = context.installation();
    return "unaided " + installation.version + " (LibTorch " + installation.libtorch_version + ")";
  });
  app.fallthrough();
  app.require_subcommand(0, 1);
}

/// Lost output (a full disk) is a fault, whatever the command came to.
int finish_output(int exit_code) {
  if (!std::cout.flush() || std::fflush(stdout) != 0) {
    unaided::throw_errno("cannot write the output");
  }
  return exit_code;
}

int run(CLI::App& app, CommandContext& context, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wish) {  // --help and --version
    context.exit_code = app.exit(wish);
    return finish_output(context.exit_code);
  } catch (const CLI::ParseError& error) {
    throw unaided::Fault(unaided::explain_usage_error(app, error, context.program));
  }
  if (app.get_subcommands().empty()) context.exit_code = unaided::run_bare(context);
  return finish_output(context.exit_code);
}

}  // namespace

int main(int argc, char** argv) {
  CommandContext context;
  if (const char* program = std::getenv("UNAIDED_COMMAND")) context.program = program;
  catch_interrupts(context);

  CLI::App app("Practise machine-learning interviews in C++: offline, timed, every AI assist off.",
               "unaided");
  app.formatter(std::make_shared<unaided::UsageFormatter>(context.program));
  add_global_options(app, context);
  for (const auto add_command : kCommands) add_command(app, context);

  int exit_code = kFaultExit;
  try {
    exit_code = run(app, context, argc, argv);
  } catch (const std::exception& fault) {  // Fault, or what the standard library threw
    std::fflush(stdout);
    std::fprintf(stderr, "unaided: %s\n", fault.what());
  }
  return context.interrupt.cancelled() ? kInterruptedExit : exit_code;
}
