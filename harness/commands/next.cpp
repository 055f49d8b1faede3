#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../device_choice.h"
#include "../history.h"
#include "../practice_text.h"
#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

void next(CommandContext& context, bool json) {
  const History history{SessionStore(state_folder())};
  print_remarks(history);
  const Day today = local_day(SystemClock().now().utc_ms);
  const std::vector<Kata> katas = katas_to_propose(context);
  const Choice choice = choose_practice(katas, level_tries(history.sessions()), today);
  if (json) return print_json(choice_to_json(choice, today));
  fmt::print("{}  {} {}\n", render_choice(choice, today, context.terminal()), context.program,
             choice.command());
}

}  // namespace

std::vector<Kata> all_katas(CommandContext& context) {
  const std::filesystem::path& root = context.installation().root;
  std::vector<Kata> katas;
  for (const std::string& id : kata_ids(root)) katas.push_back(load_kata(root, id));
  return katas;
}

std::vector<Kata> katas_to_propose(CommandContext& context) {
  std::vector<Kata> katas = all_katas(context);
  std::erase_if(katas, [](const Kata& kata) { return !device_is_here(kata); });
  return katas;
}

void add_next(CLI::App& app, CommandContext& context) {
  const auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("next", "what to practise next, and why");
  command->group(kPractiseGroup);
  command->add_flag("--json", *json, "for programs");
  command->callback([json, &context] { next(context, *json); });
}

}  // namespace unaided
