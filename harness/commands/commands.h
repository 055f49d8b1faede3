#pragma once

#include "../command.h"

namespace CLI {
class App;
}

// One command, one file. Each add_ function defines its subcommand with its options, and sets a
// callback that does the work and leaves its result in context.exit_code.
namespace unaided {

class History;

void add_start(CLI::App& app, CommandContext& context);
void add_watch(CLI::App& app, CommandContext& context);
void add_check(CLI::App& app, CommandContext& context);
void add_run(CLI::App& app, CommandContext& context);
void add_submit(CLI::App& app, CommandContext& context);
void add_finish(CLI::App& app, CommandContext& context);
void add_abandon(CLI::App& app, CommandContext& context);
void add_resume(CLI::App& app, CommandContext& context);
void add_unlock(CLI::App& app, CommandContext& context);
void add_hint(CLI::App& app, CommandContext& context);
void add_reset(CLI::App& app, CommandContext& context);

void add_list(CLI::App& app, CommandContext& context);
void add_show(CLI::App& app, CommandContext& context);
void add_api(CLI::App& app, CommandContext& context);
void add_time(CLI::App& app, CommandContext& context);
void add_status(CLI::App& app, CommandContext& context);
void add_debrief(CLI::App& app, CommandContext& context);
void add_notes(CLI::App& app, CommandContext& context);
void add_history(CLI::App& app, CommandContext& context);
void add_progress(CLI::App& app, CommandContext& context);
void add_next(CLI::App& app, CommandContext& context);
void add_plan(CLI::App& app, CommandContext& context);
void add_report(CLI::App& app, CommandContext& context);
void add_export(CLI::App& app, CommandContext& context);

void add_grade(CLI::App& app, CommandContext& context);

/// Times, and two reports of times.
void add_bench(CLI::App& app, CommandContext& context);
void add_compare(CLI::App& app, CommandContext& context);

void add_dotfiles(CLI::App& app, CommandContext& context);

/// setup, doctor, test and clean: done by the launcher script, listed here for the help.
void add_launcher_commands(CLI::App& app, CommandContext& context);

/// What the seal starts as programs of their own: not in the help.
void add_seal(CLI::App& app, CommandContext& context);

/// Cards, driver and toolkit, for the launcher's doctor and for sandboxes: not in the help.
void add_gpu(CLI::App& app, CommandContext& context);

/// `help`, for those who type it instead of --help.
void add_help(CLI::App& app, CommandContext& context);

/// `dev` and what is below it: verify, new, latency, history-benchmark.
void add_dev(CLI::App& app, CommandContext& context);
void add_dev_verify(CLI::App& dev, CommandContext& context);
void add_dev_new(CLI::App& dev, CommandContext& context);
void add_dev_latency(CLI::App& dev, CommandContext& context);
void add_dev_history(CLI::App& dev, CommandContext& context);

/// `--emulated`, alike for all commands that judge attempts.
void add_emulated_flag(CLI::App& command, bool& emulated);

/// `--sanitizer TOOL`, for those that then show one attempt's report.
void add_sanitizer_option(CLI::App& command, std::string& tool);

/// In the order of their ids.
std::vector<Kata> all_katas(CommandContext& context);

/// Those among them that can be proposed: a device that they need is here.
std::vector<Kata> katas_to_propose(CommandContext& context);

/// On stderr: what the user should know about the index and the sessions in it.
void print_remarks(const History& history);

/// The program without a command: says what there is to do. Returns the exit code.
int run_bare(CommandContext& context);

}  // namespace unaided
