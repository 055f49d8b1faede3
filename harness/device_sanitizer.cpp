// compute-sanitizer on demand. It watches a program that it has started itself, and none that forks
// or that a filter of system calls holds, so the checks run in one worker of their own, which does
// nothing else (worker/alone.h): bubblewrap and the limits here are what holds it. What it reports
// is for the candidate to read and is no verdict; an attempt could write the same.
#include "device_sanitizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "fault.h"
#include "worker_link.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "compute-sanitizer";
constexpr int kWallMsMax = 300'000;  // a watched kernel takes up to a hundred times as long
constexpr std::size_t kOutputBytesMax = 4 << 20;
constexpr ResourceLimits kLimits{
    .cpu_s = 600, .data_mb = 16 << 10, .file_mb = 256, .processes = 4096};
constexpr std::int64_t kScratchMb = 256;  // where the tool talks to the program
constexpr const char* kFindingsMax = "10";
constexpr std::size_t kTextBytesMax = 16 << 10;
constexpr std::size_t kLastWordsMax = 2000;
constexpr std::string_view kPrefix = "=========";

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \r");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \r") - begin + 1);
}

/// The tool's own lines that tell a candidate nothing.
bool is_frame(const std::string& line) {
  return line == "COMPUTE-SANITIZER" || line.starts_with("Saved host backtrace") ||
         line.starts_with("Host Frame");
}

}  // namespace

std::string sanitizer_refusal(const Kata& kata, bool emulated) {
  if (kata.device.empty()) {
    return fmt::format(
        "--sanitizer is for katas in CUDA, and {} is none: where it crashes, AddressSanitizer "
        "names the line by itself",
        kata.id);
  }
  if (!emulated) return "";
  return "--sanitizer needs a card: the emulated device looks at writes out of bounds, alignment, "
         "barriers and the order of threads in every run";
}

fs::path require_sanitizer(const CheckDevice& device, const std::string& tool) {
  const auto* const known = std::find(std::begin(kSanitizerTools), std::end(kSanitizerTools), tool);
  if (known == std::end(kSanitizerTools)) {
    throw Fault(fmt::format("--sanitizer has no tool '{}': it has {}", tool,
                            fmt::join(kSanitizerTools, ", ")));
  }
  const fs::path program = device.compiler.toolkit.folder / "bin" / kProgram;
  if (fs::exists(program)) return program;
  throw Fault(fmt::format("there is no {} beside {}: ./unaided setup --toolkit fetches one",
                          kProgram, device.compiler.toolkit.nvcc.string()));
}

std::optional<SanitizerFindings> sanitize(const Installation& installation, const Kata& kata,
                                          const CheckDevice& device, const fs::path& header_library,
                                          const WatchedAttempt& attempt, const std::string& tool,
                                          bool sandbox, const CancelToken* cancel) {
  const fs::path program = require_sanitizer(device, tool);
  const nlohmann::json task = {{"attempt", attempt.library.string()},
                               {"device", kata.device},
                               {"first_level", attempt.first_level},
                               {"last_level", attempt.last_level},
                               {"slow", attempt.slow},
                               {"only", attempt.only},
                               {"seed", attempt.seed}};
  Command command;
  command.argv = {program.string(),
                  "--tool",
                  tool,
                  "--target-processes",
                  "application-only",
                  "--show-backtrace",
                  "device",
                  "--print-limit",
                  kFindingsMax,
                  installation.worker(Instrumentation::kNone).string(),
                  kAlone,
                  task.dump(),
                  header_library.string(),
                  installation.checks_library(kata.id).string()};
  command.limits = kLimits;
  SandboxPolicy policy = worker_policy(installation, kata, header_library,
                                       attempt.library.parent_path(), Instrumentation::kNone);
  show_device(device, policy);
  policy.read_only.push_back(device.compiler.toolkit.folder);
  policy.scratch_mb = kScratchMb;
  const SandboxedCommand inside = sandboxed(std::move(command), policy, sandbox);
  const RunEnd end = run_bounded(inside.command, kWallMsMax, kOutputBytesMax, cancel);
  if (end.reason == RunEnd::Reason::kCancelled) return std::nullopt;
  if (auto findings = read_sanitizer_output(tool, end.output)) return findings;
  const std::size_t begin =
      end.output.size() > kLastWordsMax ? end.output.size() - kLastWordsMax : 0;
  throw Fault(fmt::format("{} {} {}; the verdict without it: leave out --sanitizer\n{}", kProgram,
                          tool,
                          end.reason == RunEnd::Reason::kWallLimit
                              ? fmt::format("took more than {} s", kWallMsMax / 1000)
                              : "came to no result",
                          end.output.substr(begin)));
}

std::optional<SanitizerFindings> read_sanitizer_output(const std::string& tool,
                                                       const std::string& output) {
  static const std::regex summary(R"(^(?:ERROR|RACECHECK) SUMMARY: (\d{1,9}) )");
  SanitizerFindings findings;
  findings.tool = tool;
  std::istringstream stream(output);
  std::smatch match;
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(kPrefix)) continue;  // the program's own
    const std::string words = trimmed(line.substr(kPrefix.size()));
    if (words.size() < kTextBytesMax && std::regex_search(words, match, summary)) {
      findings.errors = std::atoi(match[1].str().c_str());
      return findings;
    }
    const bool full = findings.text.size() + line.size() > kTextBytesMax;
    if (words.empty() || is_frame(words) || full) continue;
    const bool first_of_a_finding =
        line.size() > kPrefix.size() + 1 && line[kPrefix.size() + 1] != ' ';
    findings.text += (first_of_a_finding ? "" : "    ") + words + "\n";
  }
  return std::nullopt;
}

}  // namespace unaided
