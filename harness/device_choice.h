#pragma once

#include <optional>
#include <string>

#include "compile_settings.h"
#include "gpu.h"
#include "kata.h"

namespace unaided {

/// Whether the device that `kata` needs is here; true where it needs none.
bool device_is_here(const Kata& kata);

/// Throws Fault, in one sentence, where `kata` needs a device that is not here and `emulated` does
/// not ask for the CPU instead. Other katas need nothing.
void require_device(const Kata& kata, bool emulated);

/// What a GradeReport's `device` is for that choice: empty where the kata needs no device.
std::string device_label(const Kata& kata, bool emulated);

/// What a device's kata is compiled for and run on.
struct CheckDevice {
  GpuSurvey survey;
  DeviceCompiler compiler;

  const Gpu& gpu() const { return survey.gpus.at(0); }
};

/// The first card that CUDA lists, and nvcc; nothing for katas of the CPU and for emulated devices.
/// Throws Fault with the cause where a kata needs what is not here.
std::optional<CheckDevice> find_check_device(const Installation& installation, const Kata& kata,
                                             bool emulated);

/// `limits` with room for what CUDA itself takes at the start of every check.
Limits on_card(Limits limits);

}  // namespace unaided
