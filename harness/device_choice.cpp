// Where the attempts of a kata run that is written for a device. An emulated device is chosen by
// the user and named in every report; nothing falls back to it.
#include "device_choice.h"

#include <fmt/format.h>

#include "fault.h"
#include "verdict.h"

namespace unaided {

bool device_is_here(const Kata& kata) {
  return kata.device.empty();
}

void require_device(const Kata& kata, bool emulated) {
  if (emulated || device_is_here(kata)) return;
  throw Fault(fmt::format(
      "{} needs an NVIDIA GPU, and none was found: --emulated runs the same checks on the CPU "
      "(arithmetic, barriers, bounds; not speed)",
      kata.id));
}

std::string device_label(const Kata& kata, bool emulated) {
  if (kata.device.empty()) return "";
  return std::string(emulated ? kEmulatedDevice : std::string_view(kata.device));
}

}  // namespace unaided
