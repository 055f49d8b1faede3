#pragma once

#include <cstdint>
#include <string>

namespace unaided {

/// Makes the device of this check child, which support::device() then is: `label` as in a
/// GradeReport, "" for none. Throws Fault where there is no such device.
void make_check_device(const std::string& label, std::uint64_t seed);

/// As above for a process that a tool watches: the card itself, see CudaCheckDevice::Options.
void make_watched_device(const std::string& label);

/// Tells that device of the attempt, a handle of dlopen, before the check begins. Throws Fault
/// where the attempt's side of the device does not start.
void introduce_attempt(void* attempt);

}  // namespace unaided
