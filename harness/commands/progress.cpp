#include "../progress.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../history.h"
#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

void show(CommandContext& context, const std::string& asked, bool json) {
  const History history{SessionStore(state_folder())};
  print_remarks(history);
  const std::vector<Kata> katas =
      asked.empty() ? all_katas(context) : std::vector<Kata>{context.kata(asked)};
  const auto levels = level_progress(katas, level_tries(history.sessions()));
  if (json) return print_json(progress_to_json(levels));
  fmt::print("{}",
             render_progress(levels, local_day(SystemClock().now().utc_ms), context.terminal()));
}

}  // namespace

void add_progress(CLI::App& app, CommandContext& context) {
  const auto kata = std::make_shared<std::string>();
  const auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("progress", "each level: best, last and median time to pass, trend");
  command->group(kLookGroup);
  command->add_option("--kata", *kata, "only this one's levels");
  command->add_flag("--json", *json, "for programs");
  command->callback([kata, json, &context] { show(context, *kata, *json); });
}

}  // namespace unaided
