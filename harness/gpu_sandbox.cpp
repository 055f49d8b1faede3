#include "gpu_sandbox.h"

#include <fmt/format.h>

#include <cstdlib>

#include "fault.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kSystemFolder = "/usr/";  // every sandbox shows it
constexpr const char* kPassedOn[] = {"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"};
constexpr int kProbeMsMax = 60'000;  // the first CUDA program after a start of the machine
constexpr std::size_t kProbeBytesMax = 256 << 10;

}  // namespace

void show_gpus(const GpuSurvey& survey, SandboxPolicy& policy) {
  policy.devices = survey.nodes;
  policy.read_only.emplace_back("/sys");
  const fs::path libraries = survey.library.parent_path();
  if (!libraries.empty()) {
    if (!libraries.string().starts_with(kSystemFolder)) policy.read_only.push_back(libraries);
    policy.environment.push_back("LD_LIBRARY_PATH=" + libraries.string());
  }
  policy.environment.emplace_back("CUDA_CACHE_DISABLE=1");  // there is nowhere to write it
  for (const char* name : kPassedOn) {
    if (const char* value = std::getenv(name)) {
      policy.environment.push_back(std::string(name) + "=" + value);
    }
  }
}

void assert_gpu_seen(const Installation& installation, const SandboxPolicy& policy,
                     const Gpu& gpu) {
  Command command;
  command.argv = {installation.program().string(), "gpu", "--json"};
  SandboxPolicy inside = policy;
  inside.read_only.push_back(installation.program());
  const SandboxedCommand probe = sandboxed(std::move(command), inside, sandbox_support().available);
  const RunEnd end = run_bounded(probe.command, kProbeMsMax, kProbeBytesMax, nullptr);
  judge_gpus_seen(end.output, gpu);
}

void judge_gpus_seen(const std::string& output, const Gpu& gpu) {
  const std::string what =
      fmt::format("cuda:{} ({}) is not seen inside the sandbox: ", gpu.index, gpu.name);
  const json seen = json::parse(output, nullptr, /*allow_exceptions=*/false);
  if (!seen.is_object() || !seen.contains("gpus")) {
    throw Fault(what + "the probe did not run; ./unaided doctor\n" + output);
  }
  for (const json& one : seen["gpus"]) {
    if (one.value("index", -1) == gpu.index && one.value("bus", "") == gpu.bus) return;
  }
  const std::string cause = seen.value("absence", "");
  throw Fault(what + (cause.empty() ? "another card has that number there" : cause));
}

}  // namespace unaided
