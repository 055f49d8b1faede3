#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <memory>

#include "../device_choice.h"
#include "../disagreement.h"
#include "../failure_patterns.h"
#include "../fault.h"
#include "../parallel.h"
#include "../progress_line.h"
#include "../resident_compiler.h"
#include "../session_store.h"
#include "../trials.h"
#include "../verification_report.h"
#include "commands.h"

namespace unaided {
namespace {

constexpr std::uint64_t kSeed = 1;  // the same inputs each time, so that a proof stays one

struct VerifyOptions {
  std::vector<std::string> katas;
  std::string levels;
  int jobs = 0;
  std::uint64_t seed = kSeed;
  bool write_patterns = false;
  bool stock = false;
  bool both = false;
  bool json = false;
};

/// What attempts are compiled and run with.
struct Means {
  std::shared_ptr<ResidentCompiler> resident;  // null: the compiler of record
  bool emulated = false;
  int jobs = 1;
};

/// Makes the graders of run_trials(), each with a slot of its own of the resident compiler.
std::function<TrialGrader()> grader_factory(CommandContext& context, const Kata& kata,
                                            const VerifyOptions& options, const Means& means) {
  Grader::Options grader_options;
  grader_options.parallel_checks = means.jobs > 1 ? 1 : 0;
  grader_options.resident = means.resident;
  grader_options.emulated = means.emulated;
  const auto graders = std::make_shared<std::atomic<int>>(0);
  return [&context, kata, grader_options, graders, seed = options.seed]() -> TrialGrader {
    Grader::Options own = grader_options;
    own.resident_slot = (*graders)++;
    if (own.resident_slot >= kResidentSlotsMax) own.resident = nullptr;
    const auto grader = std::make_shared<Grader>(context.installation(), kata, own);
    return [grader, seed, &context](const Trial& trial) {
      GradeRequest request;
      request.source = trial.source;
      request.first_level = trial.levels.first;
      request.last_level = trial.levels.last;
      request.slow = true;
      request.seed = seed;
      return grader->grade(request, /*sink=*/nullptr, &context.interrupt);
    };
  };
}

/// One for each grader, and one for the first trial's.
int resident_slots(const VerifyOptions& options) {
  return std::min(grading_jobs(options.jobs) + 1, kResidentSlotsMax);
}

/// The reference alone first: when it fails, the others are spared.
std::vector<TrialResult> run_all(CommandContext& context, const Kata& kata,
                                 const VerifyOptions& options, std::span<const Trial> trials,
                                 const Means& means) {
  const auto make_grader = grader_factory(context, kata, options, means);
  ProgressCount progress(kata.id, trials.size());
  const auto step = [&progress](const TrialResult& result) { progress.step(result.trial.name); };
  std::vector<TrialResult> results =
      run_trials(trials.first(1), 1, make_grader, step, context.interrupt);
  if (exit_code(results.front().report) != 0) return results;
  std::vector<TrialResult> others =
      run_trials(trials.subspan(1), means.jobs, make_grader, step, context.interrupt);
  std::move(others.begin(), others.end(), std::back_inserter(results));
  return results;
}

/// Solutions and mutants once more, one after the other, where a card is.
std::vector<TrialResult> run_on_card(CommandContext& context, const Kata& kata,
                                     const VerifyOptions& options, std::vector<Trial> trials) {
  if (kata.device.empty() || !device_is_here(kata)) return {};
  std::erase_if(trials, [](const Trial& trial) {
    return trial.kind != Trial::Kind::kMutant && !is_solution(trial.kind);
  });
  return run_all(context, kata, options, trials, {.emulated = false, .jobs = 1});
}

/// What mutants fail is kept for the debrief. Other inputs than those of `kSeed` may differ.
void keep_patterns(const VerifyOptions& options, const KataMaterial& material,
                   Verification& verification) {
  FailurePatterns known = read_patterns(material.kata);
  if (!options.write_patterns) {
    if (options.seed != kSeed) return;
    const std::vector<Problem> stale = stale_patterns(known, verification, material);
    verification.problems.insert(verification.problems.end(), stale.begin(), stale.end());
    return;
  }
  for (auto& [mutant, checks] : patterns_of(verification)) known[mutant] = checks;
  std::erase_if(known, [&](const auto& one) { return !find_mutant(material, one.first); });
  write_durably(material.kata.reference_folder() / kPatternsName, patterns_text(known));
}

Verification verify_kata(CommandContext& context, const std::string& id,
                         const VerifyOptions& options) {
  const Kata kata = context.kata(id);
  const LevelSpan levels = parse_level_span(options.levels, kata);
  const KataMaterial material = read_kata_material(kata);
  const std::vector<Trial> trials = plan_trials(material, levels);
  std::shared_ptr<ResidentCompiler> resident;
  if (!options.stock) {
    resident = start_resident_compiler(context.installation(), kata, resident_slots(options));
  }
  if (options.both && resident) resident->await();
  Means means = {resident, !kata.device.empty(), grading_jobs(options.jobs)};
  std::vector<TrialResult> results = run_all(context, kata, options, trials, means);
  std::vector<TrialResult> of_record;
  means.resident = nullptr;
  if (options.both) of_record = run_all(context, kata, options, trials, means);
  std::vector<Problem> differences = disagreements(results, of_record);
  Verification verification = judge(material, levels, std::move(results));
  std::move(differences.begin(), differences.end(), std::back_inserter(verification.problems));
  keep_patterns(options, material, verification);
  judge_on_card(run_on_card(context, kata, options, trials), verification);
  return verification;
}

int verify(CommandContext& context, const VerifyOptions& options) {
  std::vector<std::string> ids = options.katas;
  if (ids.empty()) ids = kata_ids(context.installation().root);
  bool proven = true;
  nlohmann::json katas = nlohmann::json::array();
  for (const std::string& id : ids) {
    const Verification verification = verify_kata(context, id, options);
    proven = proven && verification.problems.empty();
    if (options.json) katas.push_back(verification_to_json(verification));
    if (!options.json) fmt::print("{}", render_verification(verification, context.terminal()));
  }
  if (options.json) {
    const nlohmann::json object = {{"schema", 1}, {"proven", proven}, {"katas", katas}};
    fmt::print("{}\n", object.dump(2, ' ', /*ensure_ascii=*/false,
                                   nlohmann::json::error_handler_t::replace));
  }
  return proven ? 0 : 1;
}

}  // namespace

void add_dev_verify(CLI::App& dev, CommandContext& context) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = dev.add_subcommand(
      "verify", "prove a kata: its checks accept what is right and kill every mutant");
  command->add_option("kata", options->katas, "ids (default: every kata)");
  command->add_option("--levels", options->levels, "2 or 1-3 (default: all)");
  command->add_option("--jobs", options->jobs, "attempts graded at once (default: one a core)")
      ->check(CLI::Range(1, kGradingJobsMax));
  command->add_option("--seed", options->seed, "of the checks' random inputs (default: 1)");
  command->add_flag("--stock", options->stock, "with stock clang, not the resident compiler");
  command->add_flag("--both", options->both, "with each of them; their verdicts must be equal")
      ->excludes("--stock");
  command->add_flag("--write-patterns", options->write_patterns,
                    "keep which checks each mutant fails, for the debrief");
  command->add_flag("--json", options->json, "for programs");
  command->callback([options, &context] { context.exit_code = verify(context, *options); });
}

}  // namespace unaided
