#include "session_begin.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <random>

#include "fault.h"
#include "format.h"
#include "text_file.h"
#include "workspace.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr int kVersionWallMsMax = 10'000;
constexpr std::size_t kVersionBytesMax = 4096;

std::optional<Moment> deadline_of(const Kata& kata, const BeginRequest& request,
                                  const Moment& start) {
  const std::int64_t time_ms =
      request.minutes
          ? std::llround(*request.minutes * 60'000)
          : allowed_ms(format_row(request.format), kata, request.levels.first, request.levels.last);
  if (time_ms <= 0) return std::nullopt;
  return later(start, time_ms);
}

void fill_session(const SessionFolder& folder, const Kata& kata, const Installation& installation,
                  const Toolchain& toolchain, const BeginRequest& request, const Clock& clock) {
  const LevelSpan levels = request.levels;
  const FormatRow& format = format_row(request.format);
  const bool locked = format.levels == LevelRule::kUnlocked;
  const LevelSpan shown = {levels.first, locked ? levels.first : levels.last};
  const std::string attempt =
      request.planted ? request.planted->source : starting_attempt(kata, format, levels.first);
  write_text_file(folder.starter(), attempt);
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const int bugs = request.planted ? static_cast<int>(request.planted->mutants.size()) : 0;
  write_workspace({folder.workspace(), folder.path, program, shown, request.format, bugs}, kata,
                  installation, attempt);
  const Sealing sealing = seal_session(folder, installation, request.seal, clock.now().utc_ms);
  Created created;
  created.at = clock.now();
  created.sealing = sealing;
  created.clock = request.clock;
  created.session = folder.id();
  created.kata = kata.id;
  created.format = request.format;
  created.first_level = levels.first;
  created.last_level = levels.last;
  created.seed = std::random_device()();
  if (request.planted) created.bugs = request.planted->mutants;
  created.emulated = request.emulated;
  created.deadline = deadline_of(kata, request, created.at);
  created.toolchain = toolchain;
  Journal(folder.journal()).append(to_journal(created));
}

}  // namespace

SessionFolder begin_session(const SessionStore& store, const Kata& kata,
                            const Installation& installation, const Toolchain& toolchain,
                            const BeginRequest& request, const Clock& clock) {
  const SessionFolder folder = store.create(kata.id, request.levels, clock.now());
  try {
    fill_session(folder, kata, installation, toolchain, request, clock);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(folder.path, ignored);
    throw;
  }
  return folder;
}

Toolchain toolchain_of(const Installation& installation) {
  const Command command{
      {installation.clang.string(), "--version"}, {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"}, {}, {}};
  const RunEnd end = run_bounded(command, kVersionWallMsMax, kVersionBytesMax, nullptr);
  if (!end.succeeded()) {
    throw Fault("cannot run " + installation.clang.string() + ": run ./unaided doctor");
  }
  const std::string clang = end.output.substr(0, end.output.find('\n'));
  return {installation.version, installation.libtorch_version, clang};
}

std::string describe_change(const Toolchain& before, const Toolchain& now) {
  struct Part {
    const char* name;
    const std::string& before;
    const std::string& now;
  };
  const std::array<Part, 3> parts = {{{"unaided", before.unaided, now.unaided},
                                      {"LibTorch", before.libtorch, now.libtorch},
                                      {"the compiler", before.clang, now.clang}}};
  std::string text;
  for (const Part& part : parts) {
    if (part.before == part.now) continue;
    text += fmt::format("{}{} was {} and is now {}", text.empty() ? "" : ", ", part.name,
                        part.before, part.now);
  }
  return text;
}

HostSetup host_setup(const SessionFolder& folder, const Installation& installation,
                     const Kata& kata, const Toolchain& toolchain, bool emulated) {
  static const SystemClock clock;
  return {folder, kata, toolchain, grader_judge(installation, kata, emulated), &clock};
}

}  // namespace unaided
