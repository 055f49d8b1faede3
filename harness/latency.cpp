// The benchmark of the loop itself. Nothing is asserted here: the figures are printed beside two
// baselines of the same run, a plain build of the same kata and the start of Python's torch.
#include "latency.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "compiler.h"
#include "fault.h"
#include "grader.h"
#include "kata_material.h"
#include "process.h"
#include "resident_compiler.h"
#include "temporary_folder.h"
#include "text_file.h"
#include "workspace.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSourceBytesMax = 1 << 20;
constexpr int kPlainBuildMsMax = 600'000;
constexpr int kImportMsMax = 120'000;
constexpr int kSaveSeenMsMax = 5'000;
constexpr auto kBetweenSaves = std::chrono::milliseconds(400);  // nobody saves without a pause
constexpr std::size_t kToolOutputBytesMax = 1 << 20;
constexpr int kRoundsOfAttempt = 3;
constexpr const char* kTypeError = "\nstatic int not_a_number = \"seven\";\n";

struct Sample {
  GradeReport report;
  double first_verdict_ms = 0;
  double all_verdicts_ms = 0;
};

/// Writes the file as an editor would and measures from there.
Sample save_and_grade(const fs::path& file, const std::string& text, SaveWatch& watch,
                      Grader& grader, const Kata& kata) {
  Sample sample;
  std::this_thread::sleep_for(kBetweenSaves);
  const double start_ms = monotonic_ms();
  write_text_file(file, text);
  pollfd entry{watch.fd(), POLLIN, 0};
  if (poll(&entry, 1, kSaveSeenMsMax) <= 0 || !watch.saved()) {
    throw Fault("a save in " + file.parent_path().string() + " was not seen");
  }
  GradeRequest request;
  request.source = read_text_file(file, kSourceBytesMax);
  request.last_level = kata.level_count();
  const auto note_first = [&](const CheckVerdict&) {
    if (sample.first_verdict_ms == 0) sample.first_verdict_ms = monotonic_ms() - start_ms;
  };
  sample.report = grader.grade(request, note_first, /*cancel=*/nullptr);
  sample.all_verdicts_ms = monotonic_ms() - start_ms;
  return sample;
}

RunEnd run_shell(const std::string& script, int wall_ms_max) {
  Command command;
  command.argv = {"/bin/sh", "-c", script};
  for (const char* name : {"PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH"}) {
    if (const char* value = std::getenv(name)) {
      command.environment.push_back(std::string(name) + "=" + value);
    }
  }
  return run_bounded(std::move(command), wall_ms_max, kToolOutputBytesMax, nullptr);
}

/// What a candidate would write without us: one project, the whole of torch/torch.h, gtest_main.
std::string plain_project(const Installation& installation, const Kata& kata) {
  std::string includes;
  for (const fs::path& folder : installation.libtorch_include) {
    includes += fmt::format(" \"{}\"", folder.string());
  }
  return fmt::format(R"(cmake_minimum_required(VERSION 3.22)
project(plain CXX)
set(CMAKE_CXX_STANDARD 20)
find_package(GTest REQUIRED)
file(GLOB checks "{1}/checks_level*.cpp")
add_executable(plain attempt.cpp "{5}/harness/worker/probe.cpp" ${{checks}})
target_include_directories(plain SYSTEM PRIVATE{0})
target_include_directories(plain PRIVATE "{2}" "{3}" "{1}")
target_link_directories(plain PRIVATE "{4}")
target_link_libraries(plain PRIVATE torch_cpu c10 GTest::gtest_main)
set_target_properties(plain PROPERTIES BUILD_RPATH "{4}" ENABLE_EXPORTS ON)
)",
                     includes, kata.reference_folder().string(), (kata.root / "reference").string(),
                     kata.folder().string(), installation.libtorch_lib.string(),
                     installation.root.string());
}

void run_or_fault(const std::string& script, const std::string& what) {
  const RunEnd end = run_shell(script + " 2>&1", kPlainBuildMsMax);
  if (end.succeeded()) return;
  const std::size_t tail = end.output.size() > 1500 ? end.output.size() - 1500 : 0;
  throw Fault("the plain build to compare with failed (" + what + "):\n" + end.output.substr(tail));
}

std::string line(const std::string& label, const Spread& spread) {
  return fmt::format("  {:<34}{:>8.0f} ms   p95 {:>6.0f} ms\n", label, spread.median, spread.p95);
}

nlohmann::json spread_json(const Spread& spread) {
  return {{"median", spread.median}, {"p95", spread.p95}};
}

void measure_attempts(const fs::path& file, SaveWatch& watch, Grader& grader, const Kata& kata,
                      LatencyFigures& figures) {
  const KataMaterial material = read_kata_material(kata);
  std::vector<std::string> sources;
  for (const Alternate& alternate : material.alternates) sources.push_back(alternate.source);
  for (const Mutant& mutant : material.mutants) sources.push_back(mutant.source);
  for (const std::string& source : sources) {
    std::vector<double> samples_ms;
    for (int round = 0; round < kRoundsOfAttempt; ++round) {
      samples_ms.push_back(save_and_grade(file, source, watch, grader, kata).all_verdicts_ms);
    }
    figures.attempts_ms.push_back(spread_of(samples_ms).median);
  }
}

[[noreturn]] void refuse_failure(const GradeReport& report) {
  std::string why = report.message;
  for (const CheckVerdict& verdict : report.checks) {
    if (verdict.outcome == Outcome::kPassed) continue;
    why += fmt::format("\n{}.{}: {}: {}", verdict.check.behaviour, verdict.check.name,
                       outcome_row(verdict.outcome).label, verdict.message);
  }
  throw Fault(fmt::format("the reference of {} does not pass (seed {}): {}", report.kata,
                          report.seed, why));
}

}  // namespace

Spread spread_of(std::vector<double> samples_ms) {
  if (samples_ms.empty()) return {};
  std::sort(samples_ms.begin(), samples_ms.end());
  const auto at = [&](double quantile) {
    const double position = quantile * static_cast<double>(samples_ms.size() - 1);
    return samples_ms[static_cast<std::size_t>(position + 0.5)];
  };
  return {at(0.5), at(0.95)};
}

LatencyFigures measure_latency(const Installation& installation, const Kata& kata, int rounds,
                               bool attempts) {
  Grader::Options options;
  options.resident = start_resident_compiler(installation, kata, /*slots=*/1);
  Grader grader(installation, kata, options);
  grader.warm_up();
  if (options.resident) options.resident->await();
  const TemporaryFolder folder;
  const fs::path file = folder.path() / kata.attempt_name();
  SaveWatch watch(folder.path(), kata.attempt_name());
  const std::string reference = read_text_file(kata.reference(), kSourceBytesMax);

  LatencyFigures figures;
  figures.kata = kata.id;
  figures.rounds = rounds;
  std::vector<double> first_ms, all_ms, compile_ms, error_ms;
  save_and_grade(file, reference, watch, grader, kata);  // fills the page cache
  for (int round = 0; round < rounds; ++round) {
    // A comment of its own makes each save a different text.
    const std::string text = reference + fmt::format("\n// save {}\n", round);
    const Sample sample = save_and_grade(file, text, watch, grader, kata);
    if (exit_code(sample.report) != 0) refuse_failure(sample.report);
    figures.checks = static_cast<int>(sample.report.checks.size());
    first_ms.push_back(sample.first_verdict_ms);
    all_ms.push_back(sample.all_verdicts_ms);
    compile_ms.push_back(sample.report.compile_ms);
    const Sample error = save_and_grade(file, text + kTypeError, watch, grader, kata);
    if (error.report.outcome != Outcome::kCompileError) throw Fault("a type error was accepted");
    error_ms.push_back(error.all_verdicts_ms);
  }
  figures.first_verdict_ms = spread_of(first_ms);
  figures.save_to_verdict_ms = spread_of(all_ms);
  figures.compile_ms = spread_of(compile_ms);
  figures.compile_error_ms = spread_of(error_ms);
  if (attempts) measure_attempts(file, watch, grader, kata, figures);
  return figures;
}

void measure_plain_build(const Installation& installation, const Kata& kata,
                         LatencyFigures& figures) {
  const TemporaryFolder folder;
  const std::string source = read_text_file(kata.reference(), kSourceBytesMax);
  const fs::path attempt = folder.path() / "attempt.cpp";
  write_text_file(folder.path() / "CMakeLists.txt", plain_project(installation, kata));
  write_text_file(attempt, "#include <torch/torch.h>\n" + source);
  const std::string build = shell_quoted((folder.path() / "build").string());
  run_or_fault("cmake -S " + shell_quoted(folder.path().string()) + " -B " + build +
                   " -DCMAKE_CXX_COMPILER=g++ && cmake --build " + build + " -j2",
               "first build");
  // What counts is what follows a save: the attempt alone is compiled again, linked and run.
  const double start_ms = monotonic_ms();
  write_text_file(attempt, "#include <torch/torch.h>\n" + source + "\n// saved again\n");
  run_or_fault("cmake --build " + build + " && OMP_NUM_THREADS=1 " + build +
                   "/plain --gtest_filter=-*SLOW_* > " + build + "/log",
               "build and run after a save");
  figures.plain_build_ms = monotonic_ms() - start_ms;
}

void measure_import_torch(const Installation& installation, LatencyFigures& figures) {
  // site-packages/torch/lib belongs to a venv, whose python is three folders above site-packages.
  const fs::path site = installation.libtorch_lib.parent_path().parent_path();
  const fs::path own = site.parent_path().parent_path().parent_path() / "bin" / "python3";
  const std::string python = fs::exists(own) ? shell_quoted(own.string()) : "python3";
  const std::string script = python + " -c 'import torch' 2>&1";
  const RunEnd warm = run_shell(script, kImportMsMax);
  if (!warm.succeeded()) {
    const std::size_t last = warm.output.find_last_of('\n', warm.output.size() - 2);
    figures.import_torch_reason = warm.output.substr(last == std::string::npos ? 0 : last + 1);
    return;
  }
  figures.import_torch_ms = run_shell(script, kImportMsMax).wall_ms;
}

nlohmann::json latency_to_json(const LatencyFigures& figures) {
  const auto or_null = [](double value) {
    return value > 0 ? nlohmann::json(value) : nlohmann::json();
  };
  return {{"kata", figures.kata},
          {"rounds", figures.rounds},
          {"checks", figures.checks},
          {"save_to_verdict_ms", spread_json(figures.save_to_verdict_ms)},
          {"first_verdict_ms", spread_json(figures.first_verdict_ms)},
          {"compile_ms", spread_json(figures.compile_ms)},
          {"compile_error_ms", spread_json(figures.compile_error_ms)},
          {"attempts", figures.attempts_ms.size()},
          {"attempts_ms", spread_json(spread_of(figures.attempts_ms))},
          {"plain_build_ms", or_null(figures.plain_build_ms)},
          {"import_torch_ms", or_null(figures.import_torch_ms)}};
}

std::string render_attempts(const std::vector<double>& medians_ms) {
  return line(fmt::format("medians of {} other attempts", medians_ms.size()),
              spread_of(medians_ms));
}

std::string render_latency(const LatencyFigures& figures) {
  std::string text = fmt::format("{}: {} saves, {} checks each, all levels\n", figures.kata,
                                 figures.rounds, figures.checks);
  text += line("save → all verdicts", figures.save_to_verdict_ms);
  text += line("save → first verdict", figures.first_verdict_ms);
  text += line("compile and link alone", figures.compile_ms);
  text += line("save → compile error", figures.compile_error_ms);
  if (!figures.attempts_ms.empty()) text += render_attempts(figures.attempts_ms);
  if (figures.plain_build_ms > 0) {
    text += fmt::format("  {:<34}{:>8.0f} ms   {:.0f} times as long\n", "plain build and run (g++)",
                        figures.plain_build_ms,
                        figures.plain_build_ms / figures.save_to_verdict_ms.median);
  }
  if (figures.import_torch_ms > 0) {
    text +=
        fmt::format("  {:<34}{:>8.0f} ms\n", "python3 -c 'import torch'", figures.import_torch_ms);
  } else if (!figures.import_torch_reason.empty()) {
    text += "  python3 -c 'import torch' does not work here: " + figures.import_torch_reason;
  }
  return text;
}

}  // namespace unaided
