#include "bench.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../attempt.h"
#include "../bench_build.h"
#include "../bench_run.h"
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

/// One kernel to measure, and the contract by which an attempt at it is timed.
struct Target {
  std::string kernel;
  std::vector<BenchContract> contracts;
  int problems = 0;
};

std::vector<BenchContract> contracts_of(const json& kernel, const std::string& kata) {
  std::vector<BenchContract> contracts;
  for (const json& contract : kernel.at("contracts")) {
    if (!kata.empty() && contract.at("kata") != kata) continue;
    contracts.push_back({kernel.at("id"), contract.at("kata"), contract.at("level"),
                         contract.at("function"), contract.at("shapes")});
  }
  return contracts;
}

int problem_count(const json& kernel, const BenchOptions& options) {
  int count = 0;
  for (const json& problem : kernel.at("problems")) {
    const bool wanted = problem.at("tiny") == options.tiny &&
                        (options.shape.empty() || problem.at("shape") == options.shape) &&
                        (options.dtype.empty() || problem.at("dtype") == options.dtype);
    count += wanted ? 1 : 0;
  }
  return count;
}

/// The kernel of that name, or all by which that kata's functions are timed.
std::vector<Target> find_targets(const json& kernels, const BenchOptions& options) {
  std::vector<Target> targets;
  std::string known;
  for (const json& kernel : kernels) {
    const std::string id = kernel.at("id");
    if (!kernel.at("hidden")) known += (known.empty() ? "" : ", ") + id;
    const bool by_name = id == options.what;
    const auto contracts = contracts_of(kernel, by_name ? "" : options.what);
    if (!by_name && contracts.empty()) continue;
    const int count = problem_count(kernel, options);
    if (count > 0) targets.push_back({id, contracts, count});
    if (count == 0 && by_name) {
      throw Fault(fmt::format("{} has no such shape and dtype; unaided bench --list has them", id));
    }
  }
  if (!targets.empty()) return targets;
  throw Fault(
      fmt::format("'{}' is no kernel and no kata that is timed; kernels: {}", options.what, known));
}

std::string render_list(const json& kernels) {
  std::string text;
  for (const json& kernel : kernels) {
    if (kernel.at("hidden")) continue;
    text += fmt::format("{:<18} {}\n", kernel.at("id").get<std::string>(),
                        kernel.at("text").get<std::string>());
    for (const json& problem : kernel.at("problems")) {
      if (problem.at("tiny")) continue;
      text += fmt::format("  --shape {} --dtype {}\n", problem.at("shape").get<std::string>(),
                          problem.at("dtype").get<std::string>());
    }
    for (const BenchContract& contract : contracts_of(kernel, "")) {
      text += fmt::format("  times {} of {}, level {}\n", contract.function, contract.kata,
                          contract.level);
    }
  }
  return text;
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

/// One kernel's run; false when the attempt cannot be timed, which has then been said.
bool run_target(CommandContext& context, const BenchOptions& options, const Target& target,
                BenchRequest request, BenchReport& report) {
  const Terminal& terminal = context.terminal();
  const TemporaryFolder scratch(runtime_folder());
  const ProgressLine line;
  request.kernels = {target.kernel};
  if (!options.attempt.empty()) {
    const AttemptText text = read_attempt_file(options.attempt);
    if (!text.accepted()) throw Fault(text.refusal);
    const std::string& source = text.source;
    const BenchContract* contract = contract_for(target.contracts, source);
    if (contract == nullptr) {
      fmt::print("{}: {} defines no function through which it is timed\n", target.kernel,
                 options.attempt);
      return false;
    }
    line.write("compiling " + options.attempt);
    const Gpu* gpu =
        request.device ? &require_gpu(request.device->survey, request.device->index) : nullptr;
    const BenchBuild build =
        build_for_bench(context.installation(), context.kata(contract->kata), *contract, source,
                        scratch.path(), gpu, &context.interrupt);
    line.write("");
    if (!build.refusal.empty()) {
      fmt::print("{}: {}\n", target.kernel, printable(build.refusal));
      return false;
    }
    if (options.shown) {
      fmt::print("{}: compiled with {} in {:.1f} s\n\n", options.attempt, build.how,
                 build.wall_ms / 1000);
    }
    request.attempt = build.library;
    request.attempt_build = build.how;
    request.attempt_shapes = contract->shapes;
  }
  BenchOutcome outcome = run_shown(context, request);
  if (outcome.result == BenchOutcome::Result::kCancelled) return false;
  if (outcome.result == BenchOutcome::Result::kAttemptFailed) {
    fmt::print("{}: no time for your attempt: {}\n", target.kernel, outcome.sentence);
    return false;
  }
  if (options.shown) fmt::print("{}", render_ladders(outcome.report, terminal));
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

/// Measures all of `targets` within one budget.
int measure(CommandContext& context, const BenchOptions& options,
            const std::vector<Target>& targets, double budget_s, BenchReport& report) {
  const std::optional<BenchDevice> device = find_device(options);
  int problems = 0;
  for (const Target& target : targets) problems += target.problems;
  bool all_ran = true;
  for (const Target& target : targets) {
    BenchRequest request;
    request.shape = options.shape;
    request.dtype = options.dtype;
    request.rung = options.rung;
    request.threads = options.threads;
    request.tiny = options.tiny;
    request.device = device;
    request.budget_s = budget_s * target.problems / problems;
    all_ran = run_target(context, options, target, request, report) && all_ran;
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

double budget_of(const BenchOptions& options) {
  const double full_s = options.tiny ? kTinyBudgetSeconds : kBudgetSeconds;
  return options.quick ? std::min(kQuickBudgetSeconds, full_s) : full_s;
}

int bench(CommandContext& context, const BenchOptions& options) {
  if (options.self_test) return self_test(context);
  if (options.goals) return bench_goals(context, options);
  const json kernels = list_kernels(context.installation(), !options.device.empty());
  if (options.list) {
    fmt::print("{}", render_list(kernels));
    return 0;
  }
  if (options.what.empty()) {
    throw Fault("bench needs a kernel or a kata; " + context.program + " bench --list has them");
  }
  BenchReport report;
  return measure(context, options, find_targets(kernels, options), budget_of(options), report);
}

/// The kernels by which functions of those levels are timed.
std::vector<Target> targets_of(const json& kernels, const AttemptTiming& timing,
                               const BenchOptions& options) {
  std::vector<Target> targets;
  for (const json& kernel : kernels) {
    std::vector<BenchContract> contracts = contracts_of(kernel, timing.kata);
    std::erase_if(contracts, [&timing](const BenchContract& contract) {
      return contract.level < timing.levels.first || contract.level > timing.levels.last;
    });
    if (contracts.empty()) continue;
    targets.push_back({kernel.at("id"), std::move(contracts), problem_count(kernel, options)});
  }
  if (!targets.empty()) return targets;
  const auto [first, last] = timing.levels;
  throw Fault(
      fmt::format("nothing to time: {} asks for no function that a kernel has; `bench --list` has "
                  "what is timed",
                  first == last ? fmt::format("level {} of {}", first, timing.kata) : timing.kata));
}

}  // namespace

BenchReport time_attempt(CommandContext& context, const AttemptTiming& timing) {
  BenchOptions options;
  options.what = timing.kata;
  options.attempt = timing.attempt;
  options.quick = timing.quick;
  options.tiny = timing.tiny;
  options.shown = false;
  const auto targets =
      targets_of(list_kernels(context.installation(), /*on_card=*/false), timing, options);
  BenchReport report;
  context.exit_code = measure(context, options, targets, budget_of(options), report);
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
