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
constexpr double kGoalsBudgetSeconds = 240;
constexpr double kQuickGoalsBudgetSeconds = 60;

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
    fmt::print("{}: compiled with {} in {:.1f} s\n\n", options.attempt, build.how,
               build.wall_ms / 1000);
    request.attempt = build.library;
    request.attempt_build = build.how;
    request.attempt_shapes = contract->shapes;
  }
  const auto progress = [&](double done, double left_s, const std::string& text) {
    line.write(render_progress(done, left_s, text, terminal));
  };
  BenchOutcome outcome = run_bench(context.installation(), request, progress, &context.interrupt);
  line.write("");
  if (outcome.result == BenchOutcome::Result::kCancelled) return false;
  if (outcome.result == BenchOutcome::Result::kAttemptFailed) {
    fmt::print("{}: no time for your attempt: {}\n", target.kernel, outcome.sentence);
    return false;
  }
  if (options.json_file != "-") fmt::print("{}", render_ladders(outcome.report, terminal));
  report.fingerprint = outcome.report.fingerprint;
  report.date = outcome.report.date;
  for (BenchProblem& problem : outcome.report.problems) {
    report.problems.push_back(std::move(problem));
  }
  return true;
}

void write_json(const BenchReport& report, const std::string& file) {
  json document = bench_report_to_json(report);
  document["context"]["unaided"]["ladders"] = ladders_to_json(report);
  const std::string text =
      document.dump(1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace) + "\n";
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

/// The fast rungs beside what they are held against, all kernels in one run.
int bench_goals(CommandContext& context, BenchOptions options, const json& kernels) {
  const std::vector<Goal> goals = read_goals(context.installation().root / "bench" / "goals.toml");
  std::vector<Target> targets;
  for (const json& kernel : kernels) {
    if (!kernel.at("hidden")) {
      targets.push_back({kernel.at("id"), {}, problem_count(kernel, options)});
    }
  }
  BenchReport report;
  const double budget_s = options.quick ? kQuickGoalsBudgetSeconds : kGoalsBudgetSeconds;
  const int exit_code = measure(context, options, targets, budget_s, report);
  const std::string simd_level = report.fingerprint.fact("SIMD level");
  fmt::print("{}", render_goals(judge_goals(goals, report), simd_level, context.terminal()));
  return exit_code;
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
  const bool on_card = !options.device.empty();
  const json kernels = list_kernels(context.installation(), on_card);
  if (options.goals) return bench_goals(context, options, kernels);
  if (options.list) {
    fmt::print("{}", render_list(kernels));
    return 0;
  }
  if (options.what.empty()) {
    throw Fault("bench needs a kernel or a kata; " + context.program + " bench --list has them");
  }
  BenchReport report;
  const double full_s = options.tiny ? kTinyBudgetSeconds : kBudgetSeconds;
  const double budget_s = options.quick ? std::min(kQuickBudgetSeconds, full_s) : full_s;
  return measure(context, options, find_targets(kernels, options), budget_s, report);
}

}  // namespace

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
  command->callback([options, &context] { context.exit_code = bench(context, *options); });
}

}  // namespace unaided
