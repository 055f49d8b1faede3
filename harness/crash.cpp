#include "crash.h"

#include <regex>
#include <sstream>

#include "process.h"
#include "sandbox.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;

constexpr int kAddressToLineMsMax = 5000;
constexpr std::size_t kLinesBytesMax = 8192;
constexpr std::size_t kFramesMax = 12;

/// One "function at file:line" per offset.
std::string lines_of(const CrashReport& crash, const fs::path& library, bool sandbox) {
  Command command;
  command.argv = {"/usr/bin/addr2line", "-e", library.string(), "-C", "-f", "-p", "-s"};
  command.argv.insert(command.argv.end(), crash.offsets.begin(), crash.offsets.end());
  // A hostile name can demangle to gigabytes.
  command.limits = {.cpu_s = 5, .address_space_mb = 1024};
  SandboxPolicy policy;
  policy.read_only = {library.parent_path()};
  policy.environment = {"LC_ALL=C.UTF-8"};
  const SandboxedCommand inside = sandboxed(std::move(command), policy, sandbox);
  const RunEnd end = run_bounded(inside.command, kAddressToLineMsMax, kLinesBytesMax, nullptr);
  return end.succeeded() ? end.output : "";
}

}  // namespace

CrashReport parse_crash_report(const std::string& report, const std::string& library_name) {
  static const std::regex kind(R"(ERROR: AddressSanitizer: ([A-Za-z-]{1,40}))");
  static const std::regex access(R"(^(READ|WRITE) of size (\d{1,9}))");
  static const std::regex frame(R"(^\s+#\d+ 0x[0-9a-f]+ .*\((.*)\+(0x[0-9a-f]+)\))");
  CrashReport crash;
  std::istringstream stream(report);
  std::smatch match;
  for (std::string line; std::getline(stream, line);) {
    if (line.size() > 1000) continue;
    if (crash.kind.empty() && std::regex_search(line, match, kind)) crash.kind = match[1];
    if (crash.access.empty() && std::regex_search(line, match, access)) crash.access = match[0];
    const bool in_attempt =
        std::regex_search(line, match, frame) && match[1].str().ends_with("/" + library_name);
    if (in_attempt && crash.offsets.size() < kFramesMax) crash.offsets.push_back(match[2]);
    // A blank line ends the first stack, which is where it happened.
    if (line.empty() && !crash.offsets.empty()) break;
  }
  return crash;
}

std::string explain_crash(const std::string& report, const fs::path& library, bool sandbox) {
  const CrashReport crash = parse_crash_report(report, library.filename().string());
  if (crash.kind.empty() || crash.offsets.empty()) return {};
  std::istringstream stream(lines_of(crash, library, sandbox));
  for (std::string line; std::getline(stream, line);) {
    const std::size_t at = line.rfind(" at ");
    // Frames of inlined library code come first; the candidate's own is the first in a .cpp.
    if (at == std::string::npos || line.find(".cpp:", at) == std::string::npos) continue;
    const std::string place = line.substr(at + 4, line.find(" (", at) - at - 4);
    return "AddressSanitizer: " + crash.kind + (crash.access.empty() ? "" : ", " + crash.access) +
           ", at " + place + " in " + line.substr(0, at);
  }
  return {};
}

}  // namespace unaided
