#pragma once

#include <string>

#include "kata.h"

namespace unaided {

/// Whether the device that `kata` needs is here; true where it needs none.
bool device_is_here(const Kata& kata);

/// Throws Fault, in one sentence, where `kata` needs a device that is not here and `emulated` does
/// not ask for the CPU instead. Other katas need nothing.
void require_device(const Kata& kata, bool emulated);

/// What a GradeReport's `device` is for that choice: empty where the kata needs no device.
std::string device_label(const Kata& kata, bool emulated);

}  // namespace unaided
