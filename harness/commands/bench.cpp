#include "bench.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../attempt.h"
#include "../bench_build.h"
#include "../bench_run.h"
#include "../bench_target.h"
#include "../cuda_toolkit.h"
#include "../fault.h"
#include "../goals.h"
#include "../gpu.h"
#include "../ladder.h"
#include "../progress_line.h"
#include "../render_ladder.h"
#include "../temporary_folder.h"
#include "../text_file.h"
#include "../text_layout.h"
#include "commands.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr double kBudgetSeconds = 50;  // of all that is asked for, however much it is
constexpr double kQuickBudgetSeconds = 9;
constexpr double kTinyBudgetSeconds = 1;
constexpr double kGoalSeconds = 32;  // of each problem that a goal is about
constexpr double kQuickGoalSeconds = 9;

struct BenchOptions {
  std::string what;
  std::string attempt;
  int threads = 1;
  std::string dtype, shape, rung, json_file;
  std::string device;
  bool quick = false;
  bool tiny = false;
  bool list = false;
  bool self_test = false;
  bool goals = false;
  bool shown = true;  // the ladder, when it is measured
};

double budget_of(const BenchOptions& options) {
  const double full_s = options.tiny ? kTinyBudgetSeconds : kBudgetSeconds;
  return options.quick ? std::min(kQuickBudgetSeconds, full_s) : full_s;
}

ProblemChoice choice_of(const BenchOptions& options) {
  return {options.shape, options.dtype, options.tiny};
}

/// Measures with a line that tells how far it is.
BenchOutcome run_shown(CommandContext& context, const BenchRequest& request) {
  const ProgressLine line;
  const auto progress = [&](double done, double left_s, const std::string& text) {
    line.write(render_progress(done, left_s, text, context.terminal()));
  };
  BenchOutcome outcome = run_bench(context.installation(), request, progress, &context.interrupt);
  line.write("");
  return outcome;
}

BenchBuild build_shown(CommandContext& context, const std::string& name,
                       const BenchContract& contract, const std::string& source,
                       const fs::path& scratch, const BenchRequest& request) {
  const ProgressLine line;
  line.write("compiling " + name);
  const Gpu* gpu =
      request.device ? &require_gpu(request.device->survey, request.device->index) : nullptr;
  BenchBuild build = build_for_bench(context.installation(), context.kata(contract.kata), contract,
                                     source, scratch, gpu, &context.interrupt);
  line.write("");
  return build;
}

/// Compiles `source` for its one contract; false when that cannot be, which has then been said.
bool add_attempt(CommandContext& context, const BenchOptions& options,
                 const BenchContract& contract, const std::string& source, const fs::path& scratch,
                 BenchRequest& request) {
  const BenchBuild build =
      build_shown(context, options.attempt, contract, source, scratch, request);
  if (!build.refusal.empty()) {
    fmt::print("{}: {}\n", contract.kernel, printable(build.refusal));
    return false;
  }
  if (options.shown) {
    fmt::print("{}: compiled with {} in {:.1f} s\n\n", options.attempt, build.how,
               build.wall_ms / 1000);
  }
  request.attempt = {build.library, contract.shapes};
  request.attempt_build = build.how;
  return true;
}

/// On a card the fast rung is the expert's attempt at the kernel's kata in CUDA, compiled as any
/// other. A ladder without it is still one: why it is missing is said.
void add_fast(CommandContext& context, const BenchOptions& options, const BenchContract& contract,
              const fs::path& scratch, BenchRequest& request) {
  constexpr std::size_t kBytesMax = 1 << 20;
  const Installation& installation = context.installation();
  std::string absence = find_cuda_toolkit(toolkit_places(installation)).absence;
  if (absence.empty()) {
    const fs::path file =
        installation.root / "reference" / contract.kata / "alternates" / "fast.cu";
    const BenchBuild build = build_shown(context, "the fast rung", contract,
                                         read_text_file(file, kBytesMax), scratch, request);
    absence = build.refusal;
    if (absence.empty()) request.fast = {build.library, contract.shapes};
  }
  if (absence.empty() || !options.shown) return;
  fmt::print("{}: without the fast rung: {}\n", contract.kernel, printable(absence));
}

/// One kernel's run, with `source` where there is one; false when that cannot be timed, which has
/// then been said.
bool run_target(CommandContext& context, const BenchOptions& options, const BenchTarget& target,
                const std::optional<std::string>& source, BenchRequest request,
                BenchReport& report) {
  const TemporaryFolder scratch(runtime_folder()), fast_scratch(runtime_folder());
  request.kernels = {target.kernel};
  const bool ready = !source || add_attempt(context, options, target.contracts.at(0), *source,
                                            scratch.path(), request);
  if (!ready) return false;
  if (target.fast) add_fast(context, options, *target.fast, fast_scratch.path(), request);
  BenchOutcome outcome = run_shown(context, request);
  if (outcome.result == BenchOutcome::Result::kCancelled) return false;
  if (outcome.result == BenchOutcome::Result::kAttemptFailed) {
    fmt::print("{}: no time for your attempt: {}\n", target.kernel, outcome.sentence);
    return false;
  }
  if (options.shown) fmt::print("{}", render_ladders(outcome.report, context.terminal()));
  report.fingerprint = outcome.report.fingerprint;
  report.date = outcome.report.date;
  for (BenchProblem& problem : outcome.report.problems) {
    report.problems.push_back(std::move(problem));
  }
  return true;
}

void write_json(const BenchReport& report, const std::string& file) {
  const std::string text = ladder_document(report);
  if (file == "-") {
    fmt::print("{}", text);
  } else {
    write_text_file(file, text);
  }
}

/// The card asked for, if one was. Throws Fault with the cause when it cannot be used.
std::optional<BenchDevice> find_device(const BenchOptions& options) {
  if (options.device.empty()) return std::nullopt;
  BenchDevice device{survey_gpus(), cuda_index(options.device)};
  require_gpu(device.survey, device.index);
  return device;
}

/// The attempt's text, if one was named; leaves `targets` those that it can be timed by.
std::optional<std::string> read_source(const BenchOptions& options,
                                       std::vector<BenchTarget>& targets) {
  if (options.attempt.empty()) return std::nullopt;
  AttemptText text = read_attempt_file(options.attempt);
  if (!text.accepted()) throw Fault(text.refusal);
  for (const std::string& sentence : choose_contracts(targets, text.source)) {
    if (options.shown || targets.empty()) {
      fmt::print(options.shown ? stdout : stderr, "{}\n", sentence);
    }
  }
  return std::move(text.source);
}

/// Measures all of `targets` within one budget. An attempt is timed by what it defines: to lack a
/// function is no failure, as long as there is another.
int measure(CommandContext& context, const BenchOptions& options, std::vector<BenchTarget> targets,
            BenchReport& report) {
  const std::optional<BenchDevice> device = find_device(options);
  const std::optional<std::string> source = read_source(options, targets);
  int problems = 0;
  for (const BenchTarget& target : targets) problems += target.problems;
  bool all_ran = !targets.empty();
  for (const BenchTarget& target : targets) {
    BenchRequest request;
    request.shape = options.shape;
    request.dtype = options.dtype;
    request.rung = options.rung;
    request.threads = options.threads;
    request.tiny = options.tiny;
    request.device = device;
    request.budget_s = budget_of(options) * target.problems / problems;
    all_ran = run_target(context, options, target, source, request, report) && all_ran;
    if (context.interrupt.cancelled()) return 1;
  }
  if (!options.json_file.empty()) write_json(report, options.json_file);
  return all_ran && !any_rung_failed(report) ? 0 : 1;
}

/// The fast rungs beside what they are held against, in one run: of the kernel asked for, or of
/// all.
int bench_goals(CommandContext& context, const BenchOptions& options) {
  std::vector<Goal> goals = read_goals(context.installation().root / "bench" / "goals.toml");
  if (!options.what.empty()) {
    std::erase_if(goals, [&](const Goal& goal) { return goal.kernel != options.what; });
  }
  if (goals.empty()) throw Fault("no goal is set for '" + options.what + "'; see bench/goals.toml");
  BenchRequest request;
  request.items = items_of(goals);
  request.threads = options.threads;
  const double each_s = options.quick ? kQuickGoalSeconds : kGoalSeconds;
  request.budget_s = each_s * static_cast<double>(request.items.size());
  const BenchOutcome outcome = run_shown(context, request);
  if (outcome.result != BenchOutcome::Result::kMeasured) return 1;
  const BenchReport& report = outcome.report;
  if (!options.json_file.empty()) write_json(report, options.json_file);
  if (options.json_file != "-") {
    const std::string simd_level = report.fingerprint.fact("SIMD level");
    fmt::print("{}", render_goals(judge_goals(goals, report), simd_level, context.terminal()));
  }
  return any_rung_failed(report) ? 1 : 0;
}

int self_test(CommandContext& context) {
  const ProgressLine line;
  const auto trials = test_measuring(
      context.installation(),
      [&](double done, double left_s, const std::string& text) {
        line.write(render_progress(done, left_s, text, context.terminal()));
      },
      &context.interrupt);
  line.write("");
  bool all = true;
  for (const MeasuringTrial& trial : trials) {
    const Symbols& symbols = context.terminal().symbols();
    const auto mark = trial.passed ? symbols.passed : symbols.failed;
    fmt::print("{} {}\n", mark, wrap(printable(trial.text), context.terminal().width - 2, 2));
    all = all && trial.passed;
  }
  return all && !trials.empty() ? 0 : 1;
}

int bench(CommandContext& context, const BenchOptions& options) {
  if (options.self_test) return self_test(context);
  if (options.goals) return bench_goals(context, options);
  const json kernels = list_kernels(context.installation(), !options.device.empty());
  if (options.list) {
    fmt::print("{}", render_kernels(kernels));
    return 0;
  }
  if (options.what.empty()) {
    throw Fault("bench needs a kernel or a kata; " + context.program + " bench --list has them");
  }
  BenchReport report;
  const auto targets = find_targets(kernels, options.what, choice_of(options));
  return measure(context, options, targets, report);
}

}  // namespace

BenchReport time_attempt(CommandContext& context, const AttemptTiming& timing) {
  BenchOptions options;
  options.what = timing.kata;
  options.attempt = timing.attempt;
  options.quick = timing.quick;
  options.tiny = timing.tiny;
  options.shown = false;
  const json kernels = list_kernels(context.installation(), /*on_card=*/false);
  const auto targets = targets_of_levels(kernels, timing.kata, timing.levels, choice_of(options));
  BenchReport report;
  context.exit_code = measure(context, options, targets, report);
  if (context.interrupt.cancelled()) return {};
  return report;
}

void add_bench(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand("bench", "time an attempt beside LibTorch and others");
  command->group(kGradeGroup);
  command->add_option("what", options->what, "a kernel, or a kata whose functions are timed");
  command->add_option("--attempt", options->attempt, "time this file, too");
  command->add_option("--device", options->device, "cuda or cuda:N: on that card, by LibTorch");
  command->add_option("--threads", options->threads, "default: 1")->check(CLI::Range(1, 1024));
  command->add_option("--dtype", options->dtype, "f32 or bf16 alone");
  command->add_option("--shape", options->shape, "one shape alone, as --list has it");
  command->add_option("--rung", options->rung, "one rung alone, beside libtorch");
  command
      ->add_option("--json", options->json_file,
                   "also write FILE, which Google Benchmark's compare.py reads; - is stdout")
      ->option_text("FILE");
  command->add_flag("--quick", options->quick, "seconds instead of a minute");
  command->add_flag("--list", options->list, "what can be timed");
  command->add_flag("--goals", options->goals, "what the fast rungs are to reach, and do");
  command->add_flag("--self-test", options->self_test, "whether the measuring can be trusted here");
  command->add_flag("--tiny", options->tiny, "the small problems of the tests")->group("");
  command->callback([options, &context] {
    options->shown = options->json_file != "-";
    context.exit_code = bench(context, *options);
  });
}

}  // namespace unaided
