#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>

#include "../attempt.h"
#include "../cohort.h"
#include "../device_choice.h"
#include "../fault.h"
#include "../junit.h"
#include "../level_span.h"
#include "../parallel.h"
#include "../progress_line.h"
#include "../ranking.h"
#include "../render.h"
#include "../report_json.h"
#include "commands.h"

namespace unaided {
namespace {

struct GradeOptions {
  std::vector<std::string> files;
  std::string kata;
  std::string levels;
  std::string only;
  std::string junit;
  std::string sanitizer;
  std::uint64_t seed = 0;
  int jobs = 0;
  bool slow = false;
  bool full = false;
  bool json = false;
  bool no_sandbox = false;
  bool emulated = false;
};

/// The command that grades this attempt again, less its seed.
std::string replay_command(const GradeOptions& options, const Kata& kata,
                           const std::string& program) {
  std::string command = fmt::format("{} grade {} --kata {}", program, options.files[0], kata.id);
  if (!options.levels.empty()) command += " --levels " + options.levels;
  if (!options.only.empty()) command += " --only " + options.only;
  if (options.slow) command += " --slow";
  if (options.no_sandbox) command += " --no-sandbox";
  if (options.emulated) command += " --emulated";
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

GradeReport judge_text(Grader& grader, const Kata& kata, const GradeOptions& options,
                       std::string source, const CancelToken& interrupt) {
  const LevelSpan span = parse_level_span(options.levels, kata);
  GradeRequest request;
  request.source = std::move(source);
  request.first_level = span.first;
  request.last_level = span.last;
  request.slow = options.slow;
  request.full_diagnostics = options.full;
  request.seed = options.seed;
  request.only = options.only;
  request.sanitizer = options.sanitizer;
  GradeReport report = grader.grade(request, /*sink=*/nullptr, &interrupt);
  const bool unknown_check =
      !options.only.empty() && report.checks.empty() && report.outcome == Outcome::kPassed;
  if (unknown_check) {
    throw Fault(fmt::format("{} has no check '{}' in {}", kata.id, options.only,
                            level_range(span.first, span.last)));
  }
  return report;
}

/// With an indent of -1, on one line.
void print_json(const CohortAttempt& attempt, const GradeReport& report, int indent) {
  const nlohmann::json object = file_report_to_json(attempt.file.string(), report);
  fmt::print("{}\n", object.dump(indent, ' ', /*ensure_ascii=*/false,
                                 nlohmann::json::error_handler_t::replace));
  std::fflush(stdout);
}

int grade_one(CommandContext& context, const GradeOptions& options, const CohortAttempt& attempt,
              JunitFile* junit) {
  AttemptText text = read_attempt_file(attempt.file);
  if (!text.accepted()) throw Fault(text.refusal);
  const Kata kata = context.kata(attempt.kata);
  Grader::Options grader_options;
  grader_options.sandbox = !options.no_sandbox;
  grader_options.emulated = options.emulated;
  Grader grader(context.installation(), kata, grader_options);
  const GradeReport report =
      judge_text(grader, kata, options, std::move(text.source), context.interrupt);
  if (junit != nullptr) junit->add(attempt.file.string(), report);
  if (options.json) {
    print_json(attempt, report, /*indent=*/2);
  } else {
    const LevelSpan span = parse_level_span(options.levels, kata);
    const ReportView view = view_of(options, kata, span, context.program);
    fmt::print("{}", render_report(report, view, context.terminal()));
  }
  return exit_code(report);
}

/// Each thread's: one grader, of the kata of the attempt before.
CohortJudge make_judge(CommandContext& context, const GradeOptions& options) {
  Grader::Options grader_options;
  grader_options.sandbox = !options.no_sandbox;
  grader_options.emulated = options.emulated;
  grader_options.parallel_checks = grading_jobs(options.jobs) > 1 ? 1 : 0;
  struct Seat {
    Kata kata;
    std::optional<Grader> grader;
  };
  const auto seat = std::make_shared<Seat>();
  return [seat, grader_options, &context, &options](const CohortAttempt& attempt) {
    AttemptText text = read_attempt_file(attempt.file);
    if (!text.accepted()) return unjudged(attempt, Outcome::kNotRun, text.refusal);
    if (seat->kata.id != attempt.kata) {
      seat->grader.reset();
      seat->kata = load_kata(context.installation().root, attempt.kata);
      seat->grader.emplace(context.installation(), seat->kata, grader_options);
    }
    return judge_text(*seat->grader, seat->kata, options, std::move(text.source),
                      context.interrupt);
  };
}

/// Prints a JSON line for each attempt as its report comes, or a ranking in the end.
int grade_many(CommandContext& context, const GradeOptions& options,
               const std::vector<CohortAttempt>& attempts, JunitFile* junit) {
  std::vector<Standing> standings;
  std::vector<std::string> not_held;  // the same for all, of what was judged
  {
    ProgressCount progress("grading", attempts.size());
    const auto sink = [&](const CohortAttempt& attempt, const GradeReport& report) {
      progress.step(attempt.file.string());
      if (!report.limits_not_held.empty()) not_held = report.limits_not_held;
      if (junit != nullptr) junit->add(attempt.file.string(), report);
      if (options.json) print_json(attempt, report, /*indent=*/-1);
    };
    standings = grade_cohort(
        attempts, grading_jobs(options.jobs), [&] { return make_judge(context, options); }, sink,
        context.interrupt);
  }
  const int code = exit_code(standings);
  if (!options.json) {
    fmt::print("{}Random inputs of all: --seed {}\n",
               render_ranking(rank(std::move(standings)), context.terminal()), options.seed);
    if (!not_held.empty()) {
      fmt::print("Not held in this run: {}\n", fmt::join(not_held, "; "));
    }
  }
  return code;
}

/// The attempts by kata, so that a grader serves as many as it can.
std::vector<CohortAttempt> attempts_of(CommandContext& context, const GradeOptions& options) {
  const std::vector<std::string> ids = kata_ids(context.installation().root);
  std::vector<CohortAttempt> attempts;
  for (const std::string& file : options.files) {
    const std::string kata = options.kata.empty() ? kata_of_file(file, ids) : options.kata;
    if (kata.empty()) {
      throw Fault(fmt::format(
          "{} does not say which kata it is for: add --kata ID, or name it or its folder after the "
          "kata (attention.cpp, attention-ann.cpp, attention/ann.cpp)",
          printable_line(file)));
    }
    attempts.push_back({file, kata});
  }
  std::stable_sort(attempts.begin(), attempts.end(),
                   [](const CohortAttempt& a, const CohortAttempt& b) { return a.kata < b.kata; });
  return attempts;
}

int grade(CommandContext& context, GradeOptions options) {
  const std::vector<CohortAttempt> attempts = attempts_of(context, options);
  std::set<std::string> katas;
  for (const CohortAttempt& attempt : attempts) katas.insert(attempt.kata);
  for (const std::string& id : katas) {
    const Kata kata = context.kata(id);
    parse_level_span(options.levels, kata);
    require_device(kata, options.emulated);
  }
  std::optional<JunitFile> junit;
  if (!options.junit.empty()) junit.emplace(options.junit);
  JunitFile* junit_file = junit ? &*junit : nullptr;
  const bool many = attempts.size() > 1;
  if (many && !options.sanitizer.empty()) throw Fault("--sanitizer watches one attempt at a time");
  if (many && options.seed == 0) options.seed = fresh_seed();  // the same inputs for everybody
  const int code = many ? grade_many(context, options, attempts, junit_file)
                        : grade_one(context, options, attempts[0], junit_file);
  if (junit) junit->finish();
  return code;
}

}  // namespace

void add_grade(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<GradeOptions>();
  CLI::App* command = app.add_subcommand("grade", "judge files; needs no session");
  command->group(kGradeGroup);
  command->add_option("file", options->files, "attempts, C++ source files; many are ranked")
      ->required();
  command->add_option("--kata", options->kata,
                      "the kata they are for, as 'list' has it (default: the file's or its "
                      "folder's name)");
  command->add_option("--levels", options->levels, "2 or 1-3 (default: all)");
  command->add_option("--only", options->only, "one check, as Behaviour.Name");
  command->add_option("--seed", options->seed, "replays the inputs of an earlier run");
  command->add_option("--jobs", options->jobs, "attempts graded at once (default: one a core)")
      ->check(CLI::Range(1, kGradingJobsMax));
  command->add_flag("--slow", options->slow, "also the checks that run at submit only");
  command->add_flag("--full", options->full, "all failures in full, compiler output unabridged");
  command->add_flag("--json", options->json,
                    "for programs: one document, or one line for each of many (docs/json.md)");
  command->add_option("--junit", options->junit, "also writes JUnit XML to this file");
  command->add_flag("--no-sandbox", options->no_sandbox,
                    "without bubblewrap; the limits it holds are named in the report");
  add_emulated_flag(*command, options->emulated);
  add_sanitizer_option(*command, options->sanitizer);
  command->callback([options, &context] { context.exit_code = grade(context, *options); });
}

}  // namespace unaided
