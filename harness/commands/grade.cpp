#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../attempt.h"
#include "../fault.h"
#include "../level_span.h"
#include "../render.h"
#include "../report_json.h"
#include "commands.h"

namespace unaided {
namespace {

struct GradeOptions {
  std::string file;
  std::string kata;
  std::string levels;
  std::string only;
  std::uint64_t seed = 0;
  bool slow = false;
  bool full = false;
  bool json = false;
  bool no_sandbox = false;
};

std::string read_source(const std::filesystem::path& file) {
  if (!file.has_filename()) throw Fault(file.string() + " is a folder, not an attempt");
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  AttemptText attempt = read_attempt(folder, file.filename().string());
  if (!attempt.accepted()) throw Fault(attempt.refusal);
  return std::move(attempt.source);
}

/// The command that grades this attempt again, less its seed.
std::string replay_command(const GradeOptions& options, const Kata& kata,
                           const std::string& program) {
  std::string command = fmt::format("{} grade {} --kata {}", program, options.file, kata.id);
  if (!options.levels.empty()) command += " --levels " + options.levels;
  if (!options.only.empty()) command += " --only " + options.only;
  if (options.slow) command += " --slow";
  if (options.no_sandbox) command += " --no-sandbox";
  return command;
}

ReportView view_of(const GradeOptions& options, const Kata& kata, const LevelSpan& span,
                   const std::string& program) {
  ReportView view;
  view.replay_command = replay_command(options, kata, program);
  if (options.full) view.failures_max = 0;
  if (!options.full) view.full_command = view.replay_command + " --full";
  if (span.last < kata.level_count()) {
    view.next_when_passed = fmt::format("Next: level {} ({} show {} --level {})", span.last + 1,
                                        program, kata.id, span.last + 1);
  }
  return view;
}

int grade(CommandContext& context, const GradeOptions& options) {
  const std::string source = read_source(options.file);
  const Kata kata = context.kata(options.kata);
  const LevelSpan span = parse_level_span(options.levels, kata);
  GradeRequest request;
  request.source = source;
  request.first_level = span.first;
  request.last_level = span.last;
  request.slow = options.slow;
  request.full_diagnostics = options.full;
  request.seed = options.seed;
  request.only = options.only;

  Grader::Options grader_options;
  grader_options.sandbox = !options.no_sandbox;
  Grader grader(context.installation(), kata, grader_options);
  const GradeReport report = grader.grade(request, /*sink=*/nullptr, &context.interrupt);
  const bool unknown_check =
      !options.only.empty() && report.checks.empty() && report.outcome == Outcome::kPassed;
  if (unknown_check) {
    throw Fault(fmt::format("{} has no check '{}' in {}", kata.id, options.only,
                            level_range(span.first, span.last)));
  }
  if (options.json) {
    fmt::print("{}\n", report_to_json(report).dump(2, ' ', /*ensure_ascii=*/false,
                                                   nlohmann::json::error_handler_t::replace));
  } else {
    const ReportView view = view_of(options, kata, span, context.program);
    fmt::print("{}", render_report(report, view, context.terminal()));
  }
  return exit_code(report);
}

}  // namespace

void add_grade(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<GradeOptions>();
  CLI::App* command = app.add_subcommand("grade", "judge a file; needs no session");
  command->group(kGradeGroup);
  command->add_option("file", options->file, "the attempt, a C++ source file")->required();
  command->add_option("--kata", options->kata, "the kata it is for, as 'list' has it")->required();
  command->add_option("--levels", options->levels, "2 or 1-3 (default: all)");
  command->add_option("--only", options->only, "one check, as Behaviour.Name");
  command->add_option("--seed", options->seed, "replays the inputs of an earlier run");
  command->add_flag("--slow", options->slow, "also the checks that run at submit only");
  command->add_flag("--full", options->full, "all failures in full, compiler output unabridged");
  command->add_flag("--json", options->json, "for programs");
  command->add_flag("--no-sandbox", options->no_sandbox,
                    "without bubblewrap; the limits it holds are named in the report");
  command->callback([options, &context] { context.exit_code = grade(context, *options); });
}

}  // namespace unaided
