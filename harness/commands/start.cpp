#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "../compiler.h"
#include "../fault.h"
#include "../screen.h"
#include "../session_begin.h"
#include "../session_status.h"
#include "commands.h"
#include "sitting.h"

namespace unaided {
namespace {

struct StartOptions {
  std::string kata;
  std::optional<int> level;
  std::optional<double> minutes;
  std::vector<std::string> command;
  bool json = false;
};

std::vector<SessionRecord> readable_sessions(const SessionStore& store) {
  std::vector<std::string> unreadable;
  std::vector<SessionRecord> sessions = read_sessions(store, unreadable);
  for (const std::string& sentence : unreadable) fmt::print(stderr, "unaided: {}\n", sentence);
  return sessions;
}

int chosen_level(const StartOptions& options, const Kata& kata,
                 const std::vector<SessionRecord>& sessions) {
  if (!options.level) return next_level(sessions, kata);
  if (*options.level >= 1 && *options.level <= kata.level_count()) return *options.level;
  throw Fault(
      fmt::format("{} has levels 1 to {}, not {}", kata.id, kata.level_count(), *options.level));
}

/// A drill of this level that still has time: whoever starts it again means to go back to it.
std::optional<SessionFolder> under_way(const std::vector<SessionRecord>& sessions,
                                       const std::string& kata, int level) {
  const Moment now = SystemClock().now();
  for (const auto& [folder, session] : sessions) {
    const Created& created = session.created;
    const bool same = created.kata == kata && created.first_level == level &&
                      created.last_level == level && session.phase == Phase::kRunning;
    const auto left = time_left(session, now);
    if (same && (!left || left->ms > 0)) return folder;
  }
  return std::nullopt;
}

SessionFolder begin(CommandContext& context, const StartOptions& options, const Kata& kata,
                    int level, const SessionStore& store) {
  const Installation& installation = context.installation();
  ensure_header_cache(installation, kata.headers);  // before the clock starts
  BeginRequest request;
  request.levels = {level, level};
  request.minutes = options.minutes;
  return begin_session(store, kata, installation, toolchain_of(installation), request,
                       SystemClock());
}

void refuse_unknown_program(const StartOptions& options) {
  if (options.command.empty() || runnable(options.command[0])) return;
  throw Fault(
      fmt::format("there is no program '{}' to sit down to (a level is chosen by --level N)",
                  options.command[0]));
}

void start(CommandContext& context, const StartOptions& options) {
  refuse_unknown_program(options);
  const Kata kata = context.kata(options.kata);
  const SessionStore store(state_folder());
  const std::vector<SessionRecord> sessions = readable_sessions(store);
  const int level = chosen_level(options, kata, sessions);
  const auto earlier = under_way(sessions, kata.id, level);
  if (earlier) {
    fmt::print(stderr, "{} is under way since {}: back to it ({} abandon ends it).\n",
               session_title(earlier->replay()), utc_text(earlier->replay().created.at.utc_ms),
               context.program);
  }
  const SessionFolder folder = earlier ? *earlier : begin(context, options, kata, level, store);
  ensure_host(context, folder);
  sit_down(context, folder, options.command, options.json);
}

}  // namespace

void add_start(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<StartOptions>();
  CLI::App* command = app.add_subcommand("start", "sit down to a kata: a drill of one level");
  command->group(kPractiseGroup);
  command->add_option("kata", options->kata, "its id, as 'list' has it")->required();
  command->add_option("--level", options->level, "which one (default: the first not yet passed)");
  command
      ->add_option("--minutes", options->minutes, "time allowed (default: the level's par x 1.5)")
      ->check(CLI::Range(0.01, 1440.0));
  command->add_flag("--json", options->json, "make the session and describe it, for programs");
  command->add_option("command", options->command,
                      "after --: a program to sit down to instead of $EDITOR");
  command->callback([options, &context] { start(context, *options); });
}

}  // namespace unaided
