#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unaided {

/// What AddressSanitizer said of a crash, as a candidate needs it: "heap-buffer-overflow, WRITE of
/// size 4, at attention.cpp:12 in kata::attention(…)". `report` is its output, `library` the
/// attempt that it ran, with line tables, which addr2line reads in a sandbox unless `sandbox` is
/// false. Empty when the report names no place in the attempt.
std::string explain_crash(const std::string& report, const std::filesystem::path& library,
                          bool sandbox);

/// The kind of error of AddressSanitizer's report, and the offsets in the attempt of the frames of
/// its first stack, innermost first. Pure.
struct CrashReport {
  std::string kind;                  // "heap-buffer-overflow"
  std::string access;                // "WRITE of size 4", or empty
  std::vector<std::string> offsets;  // "0x1234"
};
CrashReport parse_crash_report(const std::string& report, const std::string& library_name);

}  // namespace unaided
