// The two ways to verify a seal. The probe runs the same escapes twice, at once: as a program
// outside, where they must work, and as the program of a seat, where they must not. The seat's
// program then waits, so that the seat can be looked at from outside too.
#include "seal_verification.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>

#include "fault.h"
#include "process.h"
#include "seal_control.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kProbeMsMax = 10'000;
constexpr std::size_t kAnswerBytesMax = 256 * 1024;
constexpr int kPlanFd = 3;
constexpr int kInfoFd = 4;
constexpr int kPlantedFd = 5;

/// A running probe and the ends of its pipes.
struct Probe {
  Process process;
  Descriptor input;  // closed: it may end
  Descriptor output;
  Descriptor errors;
  Descriptor info;
};

/// What arrives until `end` is read, the pipe is closed or the time is over.
std::string read_until(const Descriptor& pipe, char end, double deadline_ms) {
  std::string text;
  std::array<char, 4096> buffer;
  while (text.size() < kAnswerBytesMax) {
    pollfd polled{pipe.get(), POLLIN, 0};
    const double left_ms = deadline_ms - monotonic_ms();
    if (left_ms <= 0 || poll(&polled, 1, static_cast<int>(left_ms) + 1) <= 0) break;
    const ssize_t got = read(pipe.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.find(end) != std::string::npos) break;
  }
  return text;
}

Probe start_probe(Command command, const SealControls& controls) {
  auto [input_read, input_write] = make_pipe();
  auto [output_read, output_write] = make_pipe();
  auto [errors_read, errors_write] = make_pipe();
  auto [info_read, info_write] = make_pipe();
  command.environment = {controls.targets().variable};
  command.descriptors.insert(command.descriptors.end(), {{input_read.get(), STDIN_FILENO},
                                                         {output_write.get(), STDOUT_FILENO},
                                                         {errors_write.get(), STDERR_FILENO},
                                                         {info_write.get(), kInfoFd},
                                                         {controls.descriptor(), kPlantedFd}});
  Probe probe;
  probe.process = Process::start(command);
  probe.input = std::move(input_write);
  probe.output = std::move(output_read);
  probe.errors = std::move(errors_read);
  probe.info = std::move(info_read);
  return probe;
}

std::vector<std::string> probe_command(const fs::path& program, const SealControls& controls) {
  const std::string targets =
      json(controls.targets()).dump(-1, ' ', false, json::error_handler_t::replace);
  return {program.string(), "seal-probe", targets};
}

std::map<std::string, Escape> answer(const Probe& probe, double deadline_ms, const char* where) {
  const std::string line = read_until(probe.output, '\n', deadline_ms);
  const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (object.is_object()) return object.get<std::map<std::string, Escape>>();
  const std::string words =
      read_until(probe.errors, '\0', std::min(deadline_ms, monotonic_ms() + 500));
  throw Fault(fmt::format("the seal cannot be tried {}: {}", where,
                          words.empty() ? "no answer from the probe" : words));
}

void hide(SealPlan& plan, Channel channel, const fs::path& path) {
  std::error_code error;
  if (!path.empty() && fs::exists(path, error)) plan.hidden.push_back({channel, path});
}

}  // namespace

SealPlan seal_plan(const Installation& installation, const fs::path& workspace,
                   const fs::path& home, const fs::path& host_socket) {
  SealPlan plan;
  plan.workspace = workspace;
  plan.home = home;
  plan.host_socket = host_socket;
  plan.client = installation.program();
  plan.read_only = installation.libtorch_include;
  plan.read_only.push_back(installation.libtorch_lib);
  // PyPI's LibTorch finds two of NVIDIA's libraries beside its own package.
  const fs::path neighbours = installation.libtorch_lib.parent_path().parent_path() / "nvidia";
  if (fs::exists(neighbours)) plan.read_only.push_back(neighbours);
  for (const char* folder : {"reference", "bench"}) {
    hide(plan, Channel::kMaterial, installation.root / folder);
  }
  hide(plan, Channel::kMaterial, installation.build / "checks");
  if (const char* user_home = std::getenv("HOME")) hide(plan, Channel::kHome, user_home);
  return plan;
}

SealTrial try_seal(const SealPlan& asked) {
  SealPlan plan = asked;
  const SealControls controls(plan, look_at_machine());
  plan.hidden.push_back({Channel::kPathSockets, controls.targets().path_socket});
  const double deadline_ms = monotonic_ms() + kProbeMsMax;

  Command outside;
  outside.argv = probe_command(plan.client, controls);
  const Probe control = start_probe(std::move(outside), controls);

  const Descriptor plan_file = memory_file("plan", json(plan).dump());
  Command inside;
  inside.argv =
      seat_command(plan.client, "/dev/fd/" + std::to_string(kPlanFd),
                   "/dev/fd/" + std::to_string(kInfoFd), probe_command(kSeatClient, controls));
  inside.descriptors = {{plan_file.get(), kPlanFd}};
  const Probe seat = start_probe(std::move(inside), controls);

  SealTrial trial;
  trial.inside = answer(seat, deadline_ms, "inside");
  trial.outside = answer(control, deadline_ms, "outside");
  const auto info = parse_seat_info(read_until(seat.info, '}', deadline_ms));
  if (!info) throw Fault("bubblewrap did not say which process is the seat");
  trial.findings = inspect_seat(*info, plan);
  return trial;
}

SealReport probe_seal(const SealPlan& plan, std::int64_t now_ms) {
  const SealTrial trial = try_seal(plan);
  SealReport report = judge_escapes(trial.outside, trial.inside, now_ms);
  add_findings(report, trial.findings, now_ms);
  for (const auto& dotfile : plan.dotfiles) report.dotfiles.push_back(dotfile.source.string());
  return report;
}

}  // namespace unaided
