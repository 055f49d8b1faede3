#include "../history.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "../history_text.h"
#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

constexpr int kShown = 20;

struct HistoryOptions {
  HistoryQuery query{"", kShown};
  bool json = false;
};

void show(CommandContext& context, const HistoryOptions& options) {
  const History history{SessionStore(state_folder())};
  print_remarks(history);
  const std::vector<SessionSummary> sessions = history.sessions(options.query);
  if (options.json) return print_json(history_to_json(sessions));
  fmt::print("{}", render_history(sessions, context.terminal()));
  if (sessions.empty()) fmt::print("{} next says what to begin with.\n", context.program);
}

void rebuild() {
  History history{SessionStore(state_folder())};
  history.rebuild();
  print_remarks(history);
  fmt::print("The index has {} sessions, each read from its folder.\n", history.sessions().size());
}

}  // namespace

void print_remarks(const History& history) {
  for (const std::string& remark : history.remarks()) {
    fmt::print(stderr, "unaided: {}\n", remark);
  }
}

void add_history(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<HistoryOptions>();
  CLI::App* command = app.add_subcommand("history", "your sessions, with score, time and seal");
  command->group(kLookGroup);
  command->add_option("--kata", options->query.kata, "only this one's");
  command->add_option("--limit", options->query.limit, "how many, the newest; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--json", options->json, "for programs");
  CLI::App* again = command->add_subcommand("rebuild", "read every session's folder again");
  again->callback([] { rebuild(); });
  command->callback([options, command, &context] {
    if (command->get_subcommands().empty()) show(context, *options);
  });
}

}  // namespace unaided
