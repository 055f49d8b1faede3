// A grader's steps, in the order of an attempt's way. What each of them may find and whose fault
// that is, see grader.cpp.
#include "grader_state.h"

#include <algorithm>
#include <thread>

#include "crash.h"
#include "device_sanitizer.h"
#include "emulated_source.h"
#include "fault.h"
#include "sandbox.h"

namespace unaided {

namespace {

using nlohmann::json;

constexpr int kParallelChecksMax = 4;
constexpr Limits kMainLimits{
    .wall_ms = 10'000, .cpu_ms = 10'000, .memory_mb = 1024, .output_kb = 1024, .file_mb = 8};

constexpr Limits kSanitizedLimits{
    .wall_ms = 20'000, .cpu_ms = 20'000, .memory_mb = 2048, .output_kb = 1024, .file_mb = 8};

int parallel_checks(const Grader::Options& options) {
  if (options.parallel_checks > 0) return options.parallel_checks;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kParallelChecksMax);
}

json limits_json(const Limits& limits) {
  return {{"wall_ms", limits.wall_ms},
          {"cpu_ms", limits.cpu_ms},
          {"memory_mb", limits.memory_mb},
          {"output_kb", limits.output_kb},
          {"file_mb", limits.file_mb}};
}

std::string key_of(const CheckName& check) {
  return check.behaviour + "." + check.name;
}

void fill_verdict(CheckVerdict& verdict, const json& reply, bool with_output) {
  const auto outcome = outcome_from_id(reply.at("outcome").get<std::string>());
  verdict.outcome = outcome.value_or(Outcome::kFault);
  verdict.message = reply.at("message");
  if (with_output) verdict.output = reply.at("output");
  verdict.wall_ms = reply.at("wall_ms");
  verdict.memory_kb = reply.at("memory_kb");
}

bool wanted(const CheckName& check, const GradeRequest& request, int last_level) {
  if (check.level < request.first_level || check.level > last_level) return false;
  if (check.slow && !request.slow) return false;
  return request.only.empty() || request.only == key_of(check);
}

}  // namespace

Grader::State::State(const Installation& installation_given, const Kata& kata_given,
                     const Options& options_given)
    : installation(installation_given),
      kata(kata_given),
      options(options_given),
      enforced(options_given.sandbox && sandbox_support().available),
      scratch(options_given.scratch_parent.empty() ? runtime_folder()
                                                   : options_given.scratch_parent) {}

void Grader::State::prepare() {
  if (compiler) return;
  device = find_check_device(installation, kata, options.emulated);
  headers = ensure_header_cache(installation, kata.headers);
  admission.emplace(installation, kata);
  if (device) {
    compiler.emplace(Compiler::for_device(installation, device->compiler, scratch.path(),
                                          kata.contracts(), device_exports(kAttemptExports),
                                          enforced));
  } else {
    compiler.emplace(installation, *headers, scratch.path(), kata.contracts(), enforced);
  }
}

WorkerLink& Grader::State::worker() {
  prepare();
  if (!link) {
    link.emplace(installation, kata, *headers, scratch.path(), Instrumentation::kNone, enforced,
                 device ? &*device : nullptr);
  }
  return *link;
}

bool Grader::State::translate(std::vector<Source>& sources, Build& refused) const {
  if (kata.device.empty() || device) return true;
  for (Source& source : sources) {
    EmulatedSource emulated = emulated_source(source.name, source.text);
    source.text = std::move(emulated.text);
    if (emulated.refusal.empty()) continue;
    refused.result = Build::Result::kRefused;
    refused.diagnostics = emulated.refusal;
    return false;
  }
  return true;
}

Build Grader::State::build(std::vector<Source> sources, int contracts, bool of_record,
                           const CancelToken* cancel) {
  prepare();
  compiler->show_contracts(contracts);
  ResidentCompiler* resident = of_record ? nullptr : options.resident.get();
  Build refused;
  if (!translate(sources, refused)) return refused;
  if (device) sources.push_back({"companion.cpp", device_companion()});
  return compiler->build(sources, Instrumentation::kNone, cancel, resident, options.resident_slot);
}

json Grader::State::run_message(const GradeRequest& request, const Build& build,
                                const GradeReport& report) const {
  return {{"type", "run"},
          {"attempt", build.library.string()},
          {"first_level", request.first_level},
          {"last_level", report.last_level},
          {"slow", request.slow},
          {"only", request.only},
          {"seed", report.seed},
          {"parallel", parallel_checks(options)},
          {"sanitized", false},
          {"device", device_label(kata, options.emulated)},
          {"limits", limits_json(device ? on_card(kata.limits) : kata.limits)}};
}

json Grader::State::main_message(const Build& build) const {
  return {{"type", "main"},
          {"attempt", build.library.string()},
          {"seed", 1},
          {"sanitized", false},
          {"device", device_label(kata, options.emulated)},
          {"limits", limits_json(device ? on_card(kMainLimits) : kMainLimits)}};
}

void Grader::State::locate_crash(const GradeRequest& request, const CancelToken* cancel,
                                 GradeReport& report) {
  const auto crashed = std::find_if(
      report.checks.begin(), report.checks.end(),
      [](const CheckVerdict& verdict) { return verdict.outcome == Outcome::kCrashed; });
  if (crashed == report.checks.end() || device) return;
  std::vector<Source> sources = {{kata.attempt_name(), request.source}};
  Build build;
  if (!translate(sources, build)) return;
  build = compiler->build(sources, Instrumentation::kAddressSanitizer, cancel);
  if (build.result != Build::Result::kBuilt) return;
  if (!std::filesystem::exists(installation.worker(Instrumentation::kAddressSanitizer))) return;
  WorkerLink sanitizer(installation, kata, *headers, scratch.path(),
                       Instrumentation::kAddressSanitizer, enforced);
  json message = run_message(request, build, report);
  message["only"] = key_of(crashed->check);
  message["sanitized"] = true;
  message["limits"] = limits_json(kSanitizedLimits);
  std::string words;
  const auto take = [&](const json& reply) { words = reply.at("output"); };
  if (sanitizer.ask(message, take, cancel) != WorkerLink::End::kDone) return;
  const std::string place = explain_crash(words, build.library, enforced);
  if (!place.empty()) crashed->message += "\n" + place;
}

void Grader::State::require_tool(const std::string& sanitizer) {
  const std::string refusal = sanitizer_refusal(kata, options.emulated);
  if (!refusal.empty()) throw Fault(refusal);
  if (!enforced) {
    throw Fault("--sanitizer needs bubblewrap, the only thing that then holds the attempt: " +
                limits_without_bubblewrap().at(0));
  }
  prepare();
  require_sanitizer(*device, sanitizer);
}

void Grader::State::watch_checks(const GradeRequest& request, const Build& build,
                                 const CancelToken* cancel, GradeReport& report) const {
  if (request.sanitizer.empty()) return;
  const WatchedAttempt watched{build.library, request.first_level, report.last_level,
                               request.slow,  request.only,        report.seed};
  report.sanitizer =
      sanitize(installation, kata, *device, headers->library, watched, request.sanitizer, cancel);
}

void Grader::State::run_checks(const GradeRequest& request, const Build& build,
                               const VerdictSink& sink, const CancelToken* cancel,
                               GradeReport& report) {
  for (const CheckName& check : worker().checks()) {
    if (wanted(check, request, report.last_level)) report.checks.push_back({.check = check});
  }
  json message = run_message(request, build, report);
  bool last_try = false;
  const auto take = [&](const json& reply) {
    const auto verdict =
        std::find_if(report.checks.begin(), report.checks.end(), [&](const CheckVerdict& entry) {
          return entry.check.behaviour == reply.at("check").at("behaviour") &&
                 entry.check.name == reply.at("check").at("name");
        });
    if (verdict == report.checks.end()) return;
    if (reply.at("anomaly").get<bool>() && !last_try) return;  // stays not run: tried once more
    fill_verdict(*verdict, reply, verdict->check.example || request.show_output);
    if (sink) sink(*verdict);
  };

  WorkerLink::End end = worker().ask(message, take, cancel);
  last_try = true;
  for (CheckVerdict& verdict : report.checks) {
    if (end == WorkerLink::End::kCancelled) return;
    if (verdict.outcome != Outcome::kNotRun) continue;
    link.reset();
    message["only"] = key_of(verdict.check);
    end = worker().ask(message, take, cancel);
    if (verdict.outcome != Outcome::kNotRun || end == WorkerLink::End::kCancelled) continue;
    link.reset();
    verdict.outcome = Outcome::kFault;
    verdict.message = "the grading worker was lost twice in this check; this is not your code";
    if (sink) sink(verdict);
  }
}

}  // namespace unaided
