// Where the attempts of a kata run that is written for a device. An emulated device is chosen by
// the user and named in every report; nothing falls back to it.
#include "device_choice.h"

#include <fmt/format.h>

#include "fault.h"
#include "gpu.h"
#include "verdict.h"

namespace unaided {

namespace {

// Of one process: the driver's start and a context.
constexpr int kContextMs = 10'000;
constexpr int kContextMb = 2048;

}  // namespace

bool device_is_here(const Kata& kata) {
  return kata.device.empty() || survey_gpus().absence.empty();
}

void require_device(const Kata& kata, bool emulated) {
  if (kata.device.empty() || emulated) return;
  const GpuSurvey survey = survey_gpus();
  if (survey.absence.empty()) return;
  throw Fault(fmt::format(
      "{} needs an NVIDIA GPU, and none was found ({}): --emulated runs the same checks on the CPU "
      "(arithmetic, barriers, bounds; not speed)",
      kata.id, survey.absence));
}

std::string device_label(const Kata& kata, bool emulated) {
  if (kata.device.empty()) return "";
  return std::string(emulated ? kEmulatedDevice : std::string_view(kata.device));
}

std::optional<CheckDevice> find_check_device(const Installation& installation, const Kata& kata,
                                             bool emulated) {
  require_device(kata, emulated);
  if (kata.device.empty() || emulated) return std::nullopt;
  CheckDevice device{survey_gpus(), {}};
  const Gpu& gpu = require_gpu(device.survey, 0);
  const ToolkitFinding finding = find_cuda_toolkit(toolkit_places(installation));
  if (!finding.toolkit) throw Fault(kata.id + " cannot be compiled: " + finding.absence);
  device.compiler = {*finding.toolkit,
                     {native_architecture(gpu.capability_major, gpu.capability_minor)}};
  return device;
}

Limits on_card(Limits limits) {
  limits.wall_ms += kContextMs;
  limits.cpu_ms += kContextMs;
  limits.memory_mb += kContextMb;
  return limits;
}

}  // namespace unaided
