#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "device_choice.h"
#include "verdict.h"

namespace unaided {

class CancelToken;

/// The tools of NVIDIA's compute-sanitizer that say something of a check: memory out of bounds or
/// misaligned, hazards in shared memory, barriers that are misused. Not initcheck: checks fill all
/// memory with garbage, so none is uninitialised.
inline constexpr const char* kMemcheck = "memcheck";
inline constexpr const char* kSanitizerTools[] = {kMemcheck, "racecheck", "synccheck"};

/// Why no tool can watch attempts at `kata`, on the CPU or the emulated device; "" when one can.
std::string sanitizer_refusal(const Kata& kata, bool emulated);

/// Where compute-sanitizer is. Throws Fault where it is not in the toolkit, and for a tool that it
/// does not have.
std::filesystem::path require_sanitizer(const CheckDevice& device, const std::string& tool);

/// An attempt that is built, and the checks that it is watched in.
struct WatchedAttempt {
  std::filesystem::path library;
  int first_level = 1;
  int last_level = 1;
  bool slow = false;
  std::string only;  // "Behaviour.Name" of one check, or empty
  std::uint64_t seed = 0;
};

/// Runs these checks once more, in one process under compute-sanitizer's `tool`, in the sandbox of
/// a worker on `device`. Nothing when it was cancelled.
std::optional<SanitizerFindings> sanitize(const Installation& installation, const Kata& kata,
                                          const CheckDevice& device,
                                          const std::filesystem::path& header_library,
                                          const WatchedAttempt& attempt, const std::string& tool,
                                          const CancelToken* cancel);

/// What compute-sanitizer and the checks under it wrote, less its frame and where the host called
/// from. Trouble when the tool has no summary or the checks did not come to their end. Pure.
SanitizerFindings read_sanitizer_output(const std::string& tool, const std::string& output);

}  // namespace unaided
