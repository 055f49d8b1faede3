#include <fmt/format.h>

#include "../session_begin.h"
#include "../session_status.h"
#include "commands.h"

namespace unaided {
namespace {

/// The first level that nobody has passed yet, in the order of the katas.
std::string next_start(CommandContext& context, const std::vector<SessionRecord>& sessions) {
  const std::filesystem::path& root = context.installation().root;
  const std::vector<std::string> ids = kata_ids(root);
  for (const std::string& id : ids) {
    const Kata kata = load_kata(root, id);
    const auto done = static_cast<int>(passed_levels(sessions, id).size());
    if (done >= kata.level_count()) continue;
    const int level = next_level(sessions, kata);
    const Level& row = kata.levels.at(static_cast<std::size_t>(level - 1));
    return fmt::format("  {} start {:<14} level {}: {}, par {} min\n", context.program, id, level,
                       row.title, row.par_minutes);
  }
  return "  every level of every kata is passed; `start <kata> --level N` does one again\n";
}

}  // namespace

int run_bare(CommandContext& context) {
  std::vector<std::string> unreadable;
  const std::vector<SessionRecord> sessions =
      read_sessions(SessionStore(state_folder()), unreadable);
  std::string running;
  const Moment now = SystemClock().now();
  for (const auto& [folder, session] : sessions) {
    if (session.phase != Phase::kRunning) continue;
    const auto left = time_left(session, now);
    const std::string time = !left          ? "no time limit"
                             : left->ms > 0 ? duration_text(left->ms) + " left"
                                            : "time is over: judges the last save";
    running += fmt::format("  {} resume {}   {}, {}\n", context.program, folder.id(),
                           session_title(session), time);
  }
  if (!running.empty()) fmt::print("Go back to\n{}\n", running);
  fmt::print("{}\n{}\nAll commands: {} --help\n", running.empty() ? "Start with" : "Or start with",
             next_start(context, sessions), context.program);
  for (const std::string& sentence : unreadable) fmt::print(stderr, "unaided: {}\n", sentence);
  return 0;
}

}  // namespace unaided
