#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "../render.h"
#include "commands.h"

namespace unaided {
namespace {

nlohmann::json kata_to_json(const Kata& kata) {
  nlohmann::json levels = nlohmann::json::array();
  for (const Level& level : kata.levels) {
    levels.push_back(
        {{"level", level.number}, {"title", level.title}, {"par_minutes", level.par_minutes}});
  }
  return {{"kata", kata.id}, {"title", kata.title}, {"summary", kata.summary}, {"levels", levels}};
}

void print_kata(const Kata& kata, const Terminal& terminal) {
  fmt::print("{}  {}\n", terminal.paint("1", kata.id), wrap(kata.summary, terminal.width - 12, 2));
  for (const Level& level : kata.levels) {
    fmt::print("  level {}  {:<40} par {:>3} min\n", level.number, level.title, level.par_minutes);
  }
}

int list(CommandContext& context, bool json) {
  const std::filesystem::path& root = context.installation().root;
  std::vector<Kata> katas;
  for (const std::string& id : kata_ids(root)) katas.push_back(load_kata(root, id));
  if (json) {
    nlohmann::json list = nlohmann::json::array();
    for (const Kata& kata : katas) list.push_back(kata_to_json(kata));
    fmt::print("{}\n", nlohmann::json({{"schema", 1}, {"katas", list}}).dump(2));
    return 0;
  }
  for (const Kata& kata : katas) print_kata(kata, context.terminal());
  const std::string id = katas.empty() ? "<kata>" : katas.front().id;
  fmt::print("\n{0} show {1} prints the statement, {0} start {1} sits you down to it.\n",
             context.program, id);
  return 0;
}

}  // namespace

void add_list(CLI::App& app, CommandContext& context) {
  const auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("list", "katas, their levels and par times");
  command->group(kLookGroup);
  command->add_flag("--json", *json, "for programs");
  command->callback([json, &context] { context.exit_code = list(context, *json); });
}

}  // namespace unaided
