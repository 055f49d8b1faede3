#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "../history.h"
#include "../practice.h"
#include "../text_layout.h"
#include "commands.h"

namespace unaided {
namespace {

constexpr std::string_view kFaint = "2";

using PassedLevels = std::set<int>;

nlohmann::json kata_to_json(const Kata& kata, const PassedLevels& passed) {
  nlohmann::json levels = nlohmann::json::array();
  for (const Level& level : kata.levels) {
    levels.push_back({{"level", level.number},
                      {"title", level.title},
                      {"par_minutes", level.par_minutes},
                      {"passed", passed.contains(level.number)}});
  }
  return {{"kata", kata.id},       {"title", kata.title},   {"summary", kata.summary},
          {"topics", kata.topics}, {"device", kata.device}, {"levels", levels}};
}

void print_kata(const Kata& kata, const PassedLevels& passed, const Terminal& terminal) {
  fmt::print("{}  {}\n", terminal.paint("1", kata.id),
             wrap(kata.summary, terminal.width - static_cast<int>(kata.id.size()) - 2, 2));
  if (!kata.topics.empty()) {
    const std::string topics = fmt::format("{}", fmt::join(kata.topics, ", "));
    fmt::print("  {}\n", terminal.paint(kFaint, wrap(topics, terminal.width - 2, 2)));
  }
  if (!kata.device.empty()) {
    fmt::print("  {}\n", terminal.paint(kFaint, "needs an NVIDIA GPU, or --emulated"));
  }
  for (const Level& level : kata.levels) {
    const bool done = passed.contains(level.number);
    const OutcomeRow& row = outcome_row(done ? Outcome::kPassed : Outcome::kNotRun);
    const std::string state = done ? terminal.paint(row.colour, row.label) : "";
    fmt::print("  level {}  {:<40}  par {:>3} min  {}\n", level.number, level.title,
               level.par_minutes, state);
  }
}

/// What can be practised, and what sessions have passed so far.
int list(CommandContext& context, bool json) {
  const std::filesystem::path& root = context.installation().root;
  const History history{SessionStore(state_folder())};
  print_remarks(history);
  const std::vector<SessionSummary> sessions = history.sessions();

  nlohmann::json katas = nlohmann::json::array();
  const std::vector<std::string> ids = kata_ids(root);
  for (const std::string& id : ids) {
    const Kata kata = load_kata(root, id);
    const PassedLevels passed = passed_levels(sessions, id);
    if (json) katas.push_back(kata_to_json(kata, passed));
    if (!json) print_kata(kata, passed, context.terminal());
  }
  if (json) {
    fmt::print("{}\n", nlohmann::json({{"schema", 1}, {"katas", katas}}).dump(2));
    return 0;
  }
  fmt::print("\n{0} show {1} prints the statement, {0} start {1} sits you down to it.\n",
             context.program, ids.empty() ? "<kata>" : ids.front());
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
