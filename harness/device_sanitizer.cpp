// compute-sanitizer on demand. It watches a program that it has started itself, and none that forks
// or that a filter of system calls holds, so the checks run in one worker of their own, which does
// nothing else (worker/alone.h): bubblewrap and the limits here are what holds it, and without
// bubblewrap it is not run. What it reports is for the candidate to read and is no verdict; an
// attempt could write the same.
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
constexpr int kWallMsMax = 300'000;  // a watched kernel takes many times as long
constexpr std::size_t kOutputBytesMax = 4 << 20;
constexpr ResourceLimits kLimits{
    .cpu_s = 600, .data_mb = 16 << 10, .file_mb = 256, .processes = 4096};
constexpr std::int64_t kScratchMb = 256;  // where the tool talks to the program
constexpr std::size_t kTextBytesMax = 16 << 10;
constexpr std::size_t kLastWordsMax = 600;
constexpr std::string_view kPrefix = "=========";

/// An error ends its kernel alone, so that later checks are looked at, too. LibTorch is loaded
/// before CUDA is, which may take longer than the tool would wait.
const std::vector<std::string> kOptions{"--target-processes",
                                        "application-only",
                                        "--launch-timeout",
                                        "120",
                                        "--show-backtrace",
                                        "device",
                                        "--destroy-on-device-error",
                                        "kernel",
                                        "--print-limit",
                                        "10"};
/// An array's neighbour is another one, unless there is something between them.
const std::vector<std::string> kMemcheckOptions{"--padding", "4096"};

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
                                          const CancelToken* cancel) {
  const fs::path program = require_sanitizer(device, tool);
  const nlohmann::json task = {{"attempt", attempt.library.string()},
                               {"device", kata.device},
                               {"first_level", attempt.first_level},
                               {"last_level", attempt.last_level},
                               {"slow", attempt.slow},
                               {"only", attempt.only},
                               {"seed", attempt.seed}};
  Command command;
  command.argv = {program.string(), "--tool", tool};
  command.argv.insert(command.argv.end(), kOptions.begin(), kOptions.end());
  if (tool == kMemcheck) {
    command.argv.insert(command.argv.end(), kMemcheckOptions.begin(), kMemcheckOptions.end());
  }
  for (const std::string& word :
       {installation.worker(Instrumentation::kNone).string(), std::string(kAlone), task.dump(),
        header_library.string(), installation.checks_library(kata.id).string()}) {
    command.argv.push_back(word);
  }
  command.limits = kLimits;
  SandboxPolicy policy = worker_policy(installation, kata, header_library,
                                       attempt.library.parent_path(), Instrumentation::kNone);
  show_device(device, policy);
  policy.read_only.push_back(device.compiler.toolkit.folder);
  policy.scratch_mb = kScratchMb;
  const SandboxedCommand inside = sandboxed(std::move(command), policy, /*enforced=*/true);
  const RunEnd end = run_bounded(inside.command, kWallMsMax, kOutputBytesMax, cancel);
  if (end.reason == RunEnd::Reason::kCancelled) return std::nullopt;
  SanitizerFindings findings = read_sanitizer_output(tool, end.output);
  if (end.reason == RunEnd::Reason::kWallLimit) {
    findings.trouble = fmt::format("it took more than {} s", kWallMsMax / 1000);
  } else if (end.reason == RunEnd::Reason::kOutputLimit) {
    findings.trouble = fmt::format("more than {} MB were written", kOutputBytesMax >> 20);
  }
  return findings;
}

SanitizerFindings read_sanitizer_output(const std::string& tool, const std::string& output) {
  static const std::regex summary(R"(^ERROR SUMMARY: (\d{1,9}) )");
  static const std::regex hazards(R"(^RACECHECK SUMMARY: .*\((\d{1,9}) errors?, (\d{1,9}) warn)");
  SanitizerFindings findings;
  findings.tool = tool;
  bool summed = false, ended = false;
  std::istringstream stream(output);
  std::smatch match;
  for (std::string line; std::getline(stream, line);) {
    ended = ended || line.starts_with(kAllRan);
    const std::size_t at = line.find(kPrefix);  // the program may have begun the line
    if (at == std::string::npos || line.size() > kTextBytesMax) continue;
    const std::string after = line.substr(at + kPrefix.size());
    const std::string words = trimmed(after);
    if (std::regex_search(words, match, summary) || std::regex_search(words, match, hazards)) {
      summed = true;
      findings.errors = std::atoi(match[1].str().c_str());
      if (match.size() < 3 || match[2] == "0") continue;
    }
    const bool full = findings.text.size() + words.size() > kTextBytesMax;
    if (words.empty() || is_frame(words) || full) continue;
    const bool continues = after.starts_with("  ");
    findings.text += (continues ? "    " : "") + words + "\n";
  }
  if (summed && ended) return findings;
  const std::size_t last = output.size() - std::min(output.size(), kLastWordsMax);
  findings.trouble =
      fmt::format("{}; the last it said:\n{}",
                  summed ? "the checks did not come to their end" : "it came to no result",
                  output.substr(last));
  return findings;
}

}  // namespace unaided
