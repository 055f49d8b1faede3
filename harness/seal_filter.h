#pragma once

#include <string>

#include "seal.h"

namespace unaided {

/// The system call filter of a seat, as the bytes that bubblewrap's --seccomp reads. Allows what
/// compilers, editors, debuggers and shells need; refuses what goes around the namespaces. Pure.
/// Throws Fault when libseccomp cannot build it.
std::string seal_filter(const SealPlan& plan);

}  // namespace unaided
