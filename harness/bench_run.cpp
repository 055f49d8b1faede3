#include "bench_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstring>
#include <thread>

#include "fault.h"
#include "gpu_sandbox.h"
#include "process.h"
#include "sandbox.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kReportFd = 3;
constexpr std::size_t kReportBytesMax = 64 << 20;
constexpr std::size_t kWordsBytesMax = 64 << 10;
constexpr int kListMsMax = 60'000;
constexpr int kSelfTestMsMax = 600'000;
constexpr double kStartMsMax = 60'000;  // LibTorch, inputs, checks
constexpr double kChecksPerBudget = 4;  // slow rungs and oracles may take longer than times
constexpr std::int64_t kAddressSpaceMb = 24 << 10;
constexpr std::int64_t kCpuSecondsMax = 3600;
constexpr std::int64_t kScratchMb = 16;
constexpr const char* kProcessorFacts = "/sys/devices/system/cpu";

SandboxPolicy policy_of(const Installation& installation, const BenchRequest& request) {
  SandboxPolicy policy;
  policy.read_only = {installation.bench(), installation.libtorch_lib, kProcessorFacts};
  // PyPI's LibTorch finds two of NVIDIA's libraries beside its own package.
  const fs::path neighbours = installation.libtorch_lib.parent_path().parent_path() / "nvidia";
  if (fs::exists(neighbours)) policy.read_only.push_back(neighbours);
  for (const BenchLibrary* library : {&request.attempt, &request.fast}) {
    if (!library->file.empty()) policy.read_only.push_back(library->file);
  }
  const std::string threads = std::to_string(request.threads);
  policy.environment = {"PATH=/usr/bin:/bin",
                        "LC_ALL=C.UTF-8",
                        "HOME=/tmp",
                        "OMP_WAIT_POLICY=passive",
                        "OMP_NUM_THREADS=" + threads,
                        "MKL_NUM_THREADS=" + threads};
  for (const char* name : {"UNAIDED_BENCH_SIMD", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS",
                           "ONEDNN_MAX_CPU_ISA"}) {
    if (const char* value = std::getenv(name)) {
      policy.environment.push_back(std::string(name) + "=" + value);
    }
  }
  if (request.device) {
    show_gpus(request.device->survey, policy);
    if (fs::exists(installation.cuda_graph())) {
      policy.read_only.push_back(installation.cuda_graph());
    }
  }
  policy.scratch_mb = kScratchMb;
  return policy;
}

std::string items_text(const std::vector<BenchItem>& items) {
  json list = json::array();
  for (const BenchItem& item : items) {
    list.push_back({{"kernel", item.kernel},
                    {"shape", item.shape},
                    {"dtype", item.dtype},
                    {"rungs", item.rungs}});
  }
  return list.dump();
}

std::vector<std::string> arguments_of(const Installation& installation,
                                      const BenchRequest& request) {
  std::vector<std::string> arguments{installation.bench().string(),
                                     "--report-fd",
                                     std::to_string(kReportFd),
                                     "--threads",
                                     std::to_string(request.threads),
                                     "--budget-s",
                                     fmt::format("{:.1f}", request.budget_s)};
  auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) arguments.insert(arguments.end(), {option, value});
  };
  if (!request.items.empty()) add("--items", items_text(request.items));
  for (const std::string& kernel : request.kernels) add("--kernel", kernel);
  for (const std::string& shape : request.attempt.shapes) add("--attempt-shape", shape);
  for (const std::string& shape : request.fast.shapes) add("--fast-shape", shape);
  add("--shape", request.shape);
  add("--dtype", request.dtype);
  add("--rung", request.rung);
  add("--attempt", request.attempt.file.string());
  add("--attempt-build", request.attempt_build);
  add("--fast", request.fast.file.string());
  if (request.tiny) arguments.emplace_back("--tiny");
  if (request.device) {
    add("--device", std::to_string(request.device->index));
    add("--libtorch-lib", installation.libtorch_lib.string());
  }
  return arguments;
}

/// Reads the child's lines in a thread of its own until the pipe ends.
class ReportReader {
 public:
  ReportReader(Descriptor pipe, const BenchProgress& progress)
      : pipe_(std::move(pipe)), progress_(progress), thread_([this] { read_lines(); }) {}

  /// Waits for the end; the last message that was no progress, or null.
  json finish() {
    thread_.join();
    return std::move(result_);
  }

 private:
  void read_lines() {
    std::array<char, 1 << 16> buffer;
    std::string text;
    std::size_t total = 0;
    for (ssize_t got = 0; (got = read(pipe_.get(), buffer.data(), buffer.size())) > 0;) {
      total += static_cast<std::size_t>(got);
      if (total > kReportBytesMax) return;
      text.append(buffer.data(), static_cast<std::size_t>(got));
      for (std::size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
        take(json::parse(text.substr(0, end), nullptr, /*allow_exceptions=*/false));
      }
    }
  }

  void take(json message) {
    if (!message.is_object()) return;
    if (!message.contains("progress")) {
      result_ = std::move(message);
      return;
    }
    const json& done = message["progress"];
    const json& left = message["left_s"];
    const json& text = message["text"];
    if (!progress_ || !done.is_number() || !text.is_string()) return;
    progress_(done, left.is_number() ? left.get<double>() : -1, text);
  }

  Descriptor pipe_;
  BenchProgress progress_;
  json result_;
  std::thread thread_;  // last: it uses the others
};

struct ChildEnd {
  RunEnd end;
  json message;
};

ChildEnd run_child(std::vector<std::string> argv, const SandboxPolicy& policy, int wall_ms_max,
                   const BenchProgress& progress, const CancelToken* cancel) {
  auto [ours, theirs] = make_pipe();
  Command command;
  command.argv = std::move(argv);
  command.descriptors = {{theirs.get(), kReportFd}};
  command.limits = {.cpu_s = kCpuSecondsMax, .address_space_mb = kAddressSpaceMb, .file_mb = 1};
  // CUDA maps the memory of the machine and of all cards, and files of its own.
  if (!policy.devices.empty()) command.limits = {.cpu_s = kCpuSecondsMax};
  const SandboxedCommand inside =
      sandboxed(std::move(command), policy, sandbox_support().available);
  ReportReader reader(std::move(ours), progress);
  ChildEnd child;
  child.end = run_bounded(inside.command, wall_ms_max, kWordsBytesMax, cancel);
  theirs.reset();
  child.message = reader.finish();
  return child;
}

std::string how_it_ended(const RunEnd& end, const std::string& where) {
  const std::string during = where.empty() ? "" : " during " + where;
  switch (end.reason) {
    case RunEnd::Reason::kSignalled:
      return fmt::format("it crashed ({}){}", strsignal(end.signal), during);
    case RunEnd::Reason::kWallLimit:
      return fmt::format("it had not ended after {:.0f} s{}", end.wall_ms / 1000, during);
    case RunEnd::Reason::kOutputLimit:
      return "it printed more than 64 KiB" + during;
    default:
      return "it ended the process" + during;
  }
}

}  // namespace

BenchOutcome run_bench(const Installation& installation, const BenchRequest& request,
                       const BenchProgress& progress, const CancelToken* cancel) {
  if (!fs::exists(installation.bench())) {
    throw Fault(installation.bench().string() + " is missing; run ./unaided setup");
  }
  std::string where;
  auto remember = [&](double done, double left_s, const std::string& text) {
    where = text;
    if (progress) progress(done, left_s, text);
  };
  const auto wall_ms = static_cast<int>(kStartMsMax + request.budget_s * 1e3 * kChecksPerBudget);
  const SandboxPolicy policy = policy_of(installation, request);
  if (request.device) {
    assert_gpu_seen(installation, policy,
                    require_gpu(request.device->survey, request.device->index));
  }
  ChildEnd child =
      run_child(arguments_of(installation, request), policy, wall_ms, remember, cancel);
  BenchOutcome outcome;
  if (child.end.reason == RunEnd::Reason::kCancelled) {
    outcome.result = BenchOutcome::Result::kCancelled;
    return outcome;
  }
  if (child.end.succeeded() && child.message.contains("report")) {
    outcome.report = bench_report_from_json(child.message["report"]);
    outcome.document = std::move(child.message["report"]);
    return outcome;
  }
  const bool fault = child.message.contains("fault") && child.message["fault"].is_string();
  if (fault) throw Fault("unaided-bench: " + child.message["fault"].get<std::string>());
  if (request.attempt.file.empty()) {
    throw Fault("unaided-bench gave no report: " + how_it_ended(child.end, where) + "\n" +
                child.end.output);
  }
  outcome.result = BenchOutcome::Result::kAttemptFailed;
  outcome.sentence = how_it_ended(child.end, where);
  return outcome;
}

json list_kernels(const Installation& installation, bool on_card) {
  std::vector<std::string> argv{installation.bench().string(), "--list", "--report-fd",
                                std::to_string(kReportFd)};
  if (on_card) argv.insert(argv.end(), {"--device", "0"});
  ChildEnd child = run_child(argv, policy_of(installation, {}), kListMsMax, nullptr, nullptr);
  if (child.end.succeeded() && child.message.contains("kernels")) return child.message["kernels"];
  throw Fault("unaided-bench does not say what it can measure; run ./unaided setup\n" +
              child.end.output);
}

std::vector<MeasuringTrial> test_measuring(const Installation& installation,
                                           const BenchProgress& progress,
                                           const CancelToken* cancel) {
  const std::vector<std::string> argv{installation.bench().string(), "--self-test", "--report-fd",
                                      std::to_string(kReportFd)};
  ChildEnd child = run_child(argv, policy_of(installation, {}), kSelfTestMsMax, progress, cancel);
  if (child.end.reason == RunEnd::Reason::kCancelled) return {};
  if (!child.end.succeeded() || !child.message.contains("trials")) {
    throw Fault("the self-test gave no report: " + how_it_ended(child.end, "") + "\n" +
                child.end.output);
  }
  std::vector<MeasuringTrial> trials;
  for (const json& trial : child.message["trials"]) {
    trials.push_back({trial.at("text"), trial.at("passed")});
  }
  return trials;
}

}  // namespace unaided
