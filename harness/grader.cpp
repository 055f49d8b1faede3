// The way of an attempt: text → object → shared object → one forked child per check → verdicts.
// What it owns: a scratch folder, the compiler's files in it, and the worker. What can fail: the
// harness's own parts (a Fault); everything that an attempt does to them is a verdict. A worker
// that is lost, or a child that somebody else killed, costs one more try on a fresh worker before
// anybody is blamed.
#include "grader.h"

#include <nlohmann/json.hpp>
#include <random>

#include "fault.h"
#include "grader_state.h"
#include "sha256.h"

namespace unaided {

std::uint64_t fresh_seed() {
  std::random_device device;
  // Short enough to be typed after --seed.
  return device() % 1'000'000'000ULL + 1;
}

Grader::Grader(const Installation& installation, const Kata& kata, const Options& options)
    : state_(std::make_unique<State>(installation, kata, options)) {}

Grader::~Grader() = default;

void Grader::warm_up() {
  state_->worker();
}

GradeReport Grader::grade(const GradeRequest& request, const VerdictSink& sink,
                          const CancelToken* cancel) {
  const double start_ms = monotonic_ms();
  GradeReport report;
  report.kata = state_->kata.id;
  report.snapshot_hash = sha256(request.source);
  report.first_level = request.first_level;
  report.last_level = report.asked_level = request.last_level;
  report.seed = request.seed != 0 ? request.seed : fresh_seed();
  report.device = device_label(state_->kata, state_->options.emulated);
  if (!state_->enforced) report.limits_not_held = limits_without_bubblewrap();

  if (!request.sanitizer.empty()) state_->require_tool(request.sanitizer);
  const Build build = state_->build({{state_->kata.attempt_name(), request.source}},
                                    request.contracts, request.of_record, cancel);
  report.compile_ms = build.wall_ms;
  const bool admitted = state_->admission->admit(request, build, report);
  if (admitted) {
    state_->run_checks(request, build, sink, cancel, report);
    settle_outcome(report);
  }
  report.total_ms = monotonic_ms() - start_ms;
  state_->settle();
  if (admitted) {
    state_->locate_crash(request, cancel, report);
    state_->watch_checks(request, build, cancel, report);
  }
  return report;
}

GradeReport Grader::judge(const std::filesystem::path& library, const GradeRequest& request) {
  const double start_ms = monotonic_ms();
  GradeReport report;
  report.kata = state_->kata.id;
  report.first_level = request.first_level;
  report.last_level = report.asked_level = request.last_level;
  report.seed = request.seed != 0 ? request.seed : fresh_seed();
  Build build;
  build.library = state_->scratch.path() / library.filename();  // what the worker may read
  std::filesystem::copy_file(library, build.library,
                             std::filesystem::copy_options::overwrite_existing);
  state_->run_checks(request, build, nullptr, nullptr, report);
  settle_outcome(report);
  report.total_ms = monotonic_ms() - start_ms;
  return report;
}

RunReport Grader::run(const RunRequest& request, const CancelToken* cancel) {
  const double start_ms = monotonic_ms();
  RunReport report;
  const Build build = state_->build(
      {{state_->kata.attempt_name(), request.source}, {"try.cpp", request.try_source}},
      request.contracts, /*of_record=*/false, cancel);
  GradeReport rejection;
  GradeRequest nothing_asked;
  nothing_asked.last_level = 0;
  if (!state_->admission->admit(nothing_asked, build, rejection)) {
    report.outcome = rejection.outcome;
    report.message = rejection.message;
  } else {
    const auto take = [&](const nlohmann::json& reply) {
      report.outcome =
          outcome_from_id(reply.at("outcome").get<std::string>()).value_or(Outcome::kFault);
      report.message = reply.at("message");
      report.output = reply.at("output");
      report.exit_status = reply.at("exit_status");
    };
    if (state_->worker().ask(state_->main_message(build), take, cancel) == WorkerLink::End::kLost) {
      state_->link.reset();
      report.outcome = Outcome::kFault;
      report.message = "the grading worker was lost; this is not your code; run it again";
    }
  }
  report.total_ms = monotonic_ms() - start_ms;
  state_->settle();
  return report;
}

std::vector<CheckName> Grader::checks(int first_level, int last_level) {
  std::vector<CheckName> chosen;
  for (const CheckName& check : state_->worker().checks()) {
    if (check.level >= first_level && check.level <= last_level) chosen.push_back(check);
  }
  return chosen;
}

}  // namespace unaided
