#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "../history.h"
#include "../history_text.h"
#include "../practice.h"
#include "../scripted_session.h"
#include "../temporary_folder.h"
#include "commands.h"

namespace unaided {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
/// Where files need no disk: it is the index that is measured.
constexpr char kMemoryFolder[] = "/dev/shm";
constexpr int kSessionsMax = 1'000'000;

double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

ScriptedSession assessment(const std::string& kata, std::int64_t began_utc_ms) {
  ScriptedSession script;
  script.kata = kata;
  script.format = "assessment";
  script.last_level = 4;
  script.began_utc_ms = began_utc_ms;
  script.allowed_ms = 90 * kMinuteMs;
  for (int level = 1; level <= 3; ++level) {
    const std::int64_t at_ms = level * 20 * kMinuteMs;
    script.saves.push_back({at_ms - 5 * kMinuteMs, Purpose::kSave, level, {"Edges"}});
    script.saves.push_back({at_ms, Purpose::kSave, level, {}});
  }
  script.saves.push_back({80 * kMinuteMs, Purpose::kFinish, 4, {"Edges", "Values"}});
  return script;
}

/// A session every eight hours up to now, one in ten of them an assessment, one in ten abandoned.
void write_sessions(const SessionStore& store, const std::vector<Kata>& katas, int count) {
  const std::int64_t begin_ms = SystemClock().now().utc_ms - count * 8 * kHourMs;
  for (int i = 0; i < count; ++i) {
    const Kata& kata = katas[static_cast<std::size_t>(i) % katas.size()];
    const std::int64_t began_ms = begin_ms + i * 8 * kHourMs;
    if (i % 10 == 0 && kata.level_count() == 4) {
      write_scripted_session(store, assessment(kata.id, began_ms));
      continue;
    }
    const int level = 1 + i / 7 % kata.level_count();
    ScriptedSession drill =
        scripted_drill(kata.id, level, began_ms, (5 + i % 30) * kMinuteMs, i % 4 ? "" : "Edges");
    drill.abandoned = i % 10 == 7;
    write_scripted_session(store, drill);
  }
}

void measure(CommandContext& context, int count) {
  const bool in_memory = std::filesystem::is_directory(kMemoryFolder);
  const TemporaryFolder folder(in_memory ? std::filesystem::path(kMemoryFolder)
                                         : std::filesystem::temp_directory_path());
  const SessionStore store(folder.path());
  const std::vector<Kata> katas = all_katas(context);
  fmt::print("{} generated sessions in {}, seconds:\n", count, folder.path().string());
  const auto row = [](const char* what, double taken) {
    fmt::print("  {:<22} {:.3f}\n", what, taken);
  };
  row("writing them", seconds([&] { write_sessions(store, katas, count); }));
  row("first index", seconds([&] { const History history(store); }));
  row("history rebuild", seconds([&] { History(store).rebuild(); }));
  row("history", seconds([&] {
        const History history(store);
        history.remarks();
        render_history(history.sessions({"", 20}), Terminal{});
      }));
  row("next", seconds([&] {
        const auto tries = level_tries(History(store).sessions());
        choose_practice(katas, tries, local_day(SystemClock().now().utc_ms));
      }));
}

void add_count(CLI::App& command, int& count) {
  command.add_option("sessions", count, "how many")
      ->check(CLI::Range(1, kSessionsMax))
      ->capture_default_str();
}

}  // namespace

void add_dev_history(CLI::App& dev, CommandContext& context) {
  const auto count = std::make_shared<int>(10'000);
  CLI::App* measuring =
      dev.add_subcommand("history-benchmark", "how long the index takes over generated sessions");
  add_count(*measuring, *count);
  measuring->callback([count, &context] { measure(context, *count); });

  CLI::App* writing = dev.add_subcommand(
      "generate-sessions", "adds sessions that nobody sat to $XDG_STATE_HOME, to measure with");
  add_count(*writing, *count);
  writing->callback([count, &context] {
    write_sessions(SessionStore(state_folder()), all_katas(context), *count);
  });
}

}  // namespace unaided
