// The candidate's folder. Everything in it is theirs to change, so nothing here is read back but
// the attempt and try.cpp, and those by attempt.h.
#include "workspace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "attempt.h"
#include "compiler.h"
#include "drill.h"
#include "editor_settings.h"
#include "fault.h"
#include "seal.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSourceBytesMax = 1'000'000;

constexpr char kWriteTask[] =
    "Write your code in `{attempt}`. Every save is judged; `./u watch` shows the verdicts as they "
    "come.";
constexpr char kMendTask[] =
    "`{attempt}` is somebody's solution with {bugs} in it. Find and mend: every save is judged by "
    "the examples, which may all pass; `./u submit` names the hidden checks that fail.";

/// What the candidate can ask for, and in which formats.
struct AskRow {
  std::string_view command;
  std::string_view words;
  bool (*offered)(const FormatRow&);
};
constexpr std::array<AskRow, 11> kAsks = {{
    {"check", "judge it now", [](const FormatRow&) { return true; }},
    {"run", "build and run try.cpp with your code, to print and try things",
     [](const FormatRow&) { return true; }},
    {"time", "time left", [](const FormatRow&) { return true; }},
    {"api WORD", "signatures of LibTorch's functions", [](const FormatRow&) { return true; }},
    {"hint", "a little help, recorded", [](const FormatRow& format) { return format.gives_hints; }},
    {"unlock", "the next level, once the examples pass",
     [](const FormatRow& format) { return format.levels == LevelRule::kUnlocked; }},
    {"submit", "judge it with the slow checks too; passing ends the session",
     [](const FormatRow& format) { return format.passing_ends; }},
    {"submit", "judge it with the slow checks too; may be repeated",
     [](const FormatRow& format) { return !format.passing_ends; }},
    {"finish", "end the session; the better of the last save and the last submit counts",
     [](const FormatRow&) { return true; }},
    {"reset", "the starting file again (yours is kept beside it)",
     [](const FormatRow&) { return true; }},
    {"status", "where the session stands", [](const FormatRow&) { return true; }},
}};

constexpr char kTry[] =
    R"(// Yours to try things in: `./u run` builds this with {attempt} and runs it. Never judged.
#include <iostream>

{includes}
int main() {{
  {trial}
}}
)";

/// What try.cpp does before the candidate changes it, by header set.
struct TrialRow {
  std::string_view headers;
  std::string_view trial;
};
constexpr std::array<TrialRow, 3> kTrials = {{
    {"tensors",
     R"(const torch::Tensor x = torch::arange(6, torch::kFloat32).reshape({2, 3});
  std::cout << x << '\n';)"},
    {"json",
     R"(const nlohmann::json x = {{"name", "add"}, {"arguments", {{"a", 1}, {"b", 2}}}};
  std::cout << x.dump(2) << '\n';)"},
    {"cuda",
     R"(std::vector<float> values = {1, 2, 3};
  const std::size_t bytes = values.size() * sizeof(float);
  float* x = nullptr;
  cudaMalloc(&x, bytes);
  cudaMemcpy(x, values.data(), bytes, cudaMemcpyHostToDevice);
  // Call your function here, with nullptr for the stream.
  cudaMemcpy(values.data(), x, bytes, cudaMemcpyDeviceToHost);
  for (const float value : values) std::cout << value << '\n';
  cudaFree(x);)"},
}};

/// $UNAIDED_SESSION tells the program which session; in a sealed one only the client is there, and
/// the launcher stands in for a program that an update has moved.
constexpr char kShim[] = R"(#!/bin/sh
# unaided, for the session of this folder.
export UNAIDED_COMMAND=./u UNAIDED_SESSION={session}
for program in {inside} {program} {launcher}; do
  [ -x "$program" ] && exec "$program" "$@"
done
echo "unaided is no longer at {root}: start it from where it is now" >&2
exit 2
)";

std::string task(const Kata& kata, int planted_bugs) {
  const std::string attempt = kata.attempt_name();
  if (planted_bugs == 0) return fmt::format(kWriteTask, fmt::arg("attempt", attempt));
  const std::string bugs = planted_bugs == 1 ? "a bug" : fmt::format("{} bugs", planted_bugs);
  return fmt::format(kMendTask, fmt::arg("attempt", attempt), fmt::arg("bugs", bugs));
}

std::string asks(const FormatRow& format) {
  std::string text;
  for (const AskRow& row : kAsks) {
    if (row.offered(format)) text += fmt::format("    ./u {:<10} {}\n", row.command, row.words);
  }
  return text;
}

/// What is pasted into the attempt when a level above the first is begun.
std::string to_be_pasted(const Kata& kata, int level) {
  const Regions regions = cut_regions(read_text_file(kata.starter(), kSourceBytesMax));
  const auto region = regions.levels.find(level);
  if (region == regions.levels.end()) return "";
  return fmt::format("To begin with, in `{}`:\n\n```cpp\n{}```\n", kata.attempt_name(),
                     region->second);
}

std::string readme(const Kata& kata, const FormatRow& format, LevelSpan levels, int planted_bugs) {
  const bool one = format.levels == LevelRule::kOne;
  const Level& first = kata.levels.at(static_cast<std::size_t>(levels.first - 1));
  std::string text =
      one ? fmt::format("# {}: level {}, {}\n", kata.title, first.number, first.title)
          : fmt::format("# {}: {}\n", kata.title, format.id);
  text += fmt::format("\n{}\n\n{}\n", task(kata, planted_bugs), asks(format));
  if (one && levels.first > 1) {
    text += fmt::format("The levels below {} are given, solved.\n\n", levels.first);
  }
  for (int number = levels.first; number <= levels.last; ++number) {
    text += read_text_file(kata.statement(number), kSourceBytesMax) + "\n";
    if (!one && number > 1) text += to_be_pasted(kata, number) + "\n";
  }
  for (int number = 1; number < levels.first; ++number) {
    text += fmt::format("\n---\nGiven, for reference:\n\n{}",
                        read_text_file(kata.statement(number), kSourceBytesMax));
  }
  return text;
}

std::string try_source(const Kata& kata, int last_level) {
  std::string includes;
  for (int number = 1; number <= last_level; ++number) {
    includes += fmt::format("#include \"level{}.h\"\n", number);
  }
  const auto row = std::find_if(kTrials.begin(), kTrials.end(), [&kata](const TrialRow& known) {
    return known.headers == kata.headers;
  });
  return fmt::format(kTry, fmt::arg("attempt", kata.attempt_name()), fmt::arg("includes", includes),
                     fmt::arg("trial", row == kTrials.end() ? "" : row->trial));
}

std::string shim(const WorkspacePlan& plan, const Installation& installation) {
  return fmt::format(kShim, fmt::arg("session", shell_quoted(plan.session.string())),
                     fmt::arg("inside", kSeatClient),
                     fmt::arg("program", shell_quoted(plan.program.string())),
                     fmt::arg("launcher", shell_quoted((installation.root / "unaided").string())),
                     fmt::arg("root", installation.root.string()));
}

bool occupied(const fs::path& path) {
  return fs::symlink_status(path).type() != fs::file_type::not_found;
}

/// Writes a file into the candidate's folder. A new file takes the place of what lies there, so
/// that no link that was planted is followed.
void replace_file(const fs::path& folder, const std::string& name, const std::string& text) {
  const fs::path fresh = folder / ("." + name + ".new");
  fs::remove_all(fresh);
  const Descriptor file(
      open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file || !write_all(file.get(), text)) throw_errno("cannot write " + fresh.string());
  if (fs::is_directory(fs::symlink_status(folder / name))) fs::remove_all(folder / name);
  fs::rename(fresh, folder / name);
}

fs::path free_name_beside(const fs::path& path) {
  for (int number = 1;; ++number) {
    const fs::path name = path.parent_path() / fmt::format("{}.old-{}{}", path.stem().string(),
                                                           number, path.extension().string());
    if (!occupied(name)) return name;
  }
}

}  // namespace

std::string starting_attempt(const Kata& kata, const FormatRow& format, int level) {
  return drill_source(read_text_file(kata.starter(), kSourceBytesMax),
                      read_text_file(kata.reference(), kSourceBytesMax),
                      format.levels == LevelRule::kOne ? level : 1);
}

void write_workspace(const WorkspacePlan& plan, const Kata& kata, const Installation& installation,
                     const std::string& attempt) {
  const fs::path& folder = plan.folder;
  const std::string name = kata.attempt_name();
  fs::create_directories(folder);
  show_levels(folder, kata, format_row(plan.format), plan.levels, plan.planted_bugs);
  for (const std::string& file : kata.files) {
    write_text_file(folder / file, read_text_file(kata.folder() / file, kSourceBytesMax));
  }
  write_text_file(folder / name, attempt);
  write_text_file(folder / kTryName, try_source(kata, plan.levels.last));
  write_editor_settings(folder, kata, installation);
  write_text_file(folder / "u", shim(plan, installation));
  fs::permissions(folder / "u", fs::perms::owner_exec, fs::perm_options::add);
}

void show_levels(const fs::path& folder, const Kata& kata, const FormatRow& format,
                 LevelSpan levels, int planted_bugs) {
  replace_file(folder, "README.md", readme(kata, format, levels, planted_bugs));
  for (int number = 1; number <= levels.last; ++number) {
    const fs::path contract = kata.contract(number);
    replace_file(folder, contract.filename(), read_text_file(contract, kSourceBytesMax));
  }
}

std::string reset_attempt(const fs::path& folder, const std::string& attempt_name,
                          const std::string& starter) {
  const fs::path attempt = folder / attempt_name;
  fs::path kept;
  if (occupied(attempt)) {
    kept = free_name_beside(attempt);
    fs::rename(attempt, kept);
  }
  replace_file(folder, attempt_name, starter);
  return kept.filename().string();
}

SaveWatch::SaveWatch(const fs::path& folder, std::string name)
    : inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), name_(std::move(name)) {
  constexpr std::uint32_t kEvents =
      IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (!inotify_ || inotify_add_watch(inotify_.get(), folder.c_str(), kEvents) < 0) {
    throw_errno("cannot watch " + folder.string());
  }
}

bool SaveWatch::saved() {
  alignas(inotify_event) std::array<char, 65536> buffer;
  bool saved = false;
  for (;;) {
    const ssize_t got = read(inotify_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return saved;
    const char* at = buffer.data();
    while (at < buffer.data() + got) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) watching_ = false;
      const bool lost =
          event->mask & IN_Q_OVERFLOW;  // too many events: it may have been among them
      if (lost || (event->len > 0 && name_ == event->name)) saved = true;
      at += sizeof(inotify_event) + event->len;
    }
  }
}

}  // namespace unaided
