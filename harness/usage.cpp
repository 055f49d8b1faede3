#include "usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "spelling.h"

namespace unaided {
namespace {

constexpr int kNameColumn = 12;

/// Groups of the visible subcommands, in order of appearance.
std::vector<std::string> groups_of(const CLI::App& app) {
  std::vector<std::string> groups;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    const std::string& group = command->get_group();
    const bool known = std::find(groups.begin(), groups.end(), group) != groups.end();
    if (!group.empty() && !known) groups.push_back(group);
  }
  return groups;
}

std::string command_lines(const CLI::App& app, const std::string& group) {
  std::string lines;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->get_group() != group) continue;
    lines +=
        fmt::format("  {:{}}{}\n", command->get_name(), kNameColumn, command->get_description());
  }
  return lines;
}

/// The deepest subcommand that was given: the one whose help is worth asking for.
const CLI::App& deepest_command(const CLI::App& app) {
  const std::vector<CLI::App*> given = app.get_subcommands();
  return given.empty() ? app : deepest_command(*given.front());
}

std::vector<std::string> known_words(const CLI::App& app, bool options) {
  std::vector<std::string> words;
  if (!options) {
    for (const CLI::App* command : app.get_subcommands(nullptr)) {
      const bool hidden = command->get_group().empty();
      if (!hidden) words.push_back(command->get_name());
    }
    return words;
  }
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
  }
  return words;
}

std::string command_path(const CLI::App& app, const std::string& program) {
  if (app.get_parent() == nullptr) return program;
  return command_path(*app.get_parent(), program) + " " + app.get_name();
}

}  // namespace

UsageFormatter::UsageFormatter(std::string program) : program_(std::move(program)) {}

std::string UsageFormatter::make_help(const CLI::App* app, std::string /*name*/,
                                      CLI::AppFormatMode mode) const {
  if (app->get_parent() != nullptr) {
    return CLI::Formatter::make_help(app, command_path(*app, program_), mode);
  }
  std::string text = fmt::format(
      "{0}\n\n"
      "  {1} start attention   sit down to one level; hidden checks answer every save\n"
      "  {1}                   what there is to do next\n"
      "  {1} COMMAND --help    a command's options\n",
      app->get_description(), program_);
  for (const std::string& group : groups_of(*app)) {
    text += fmt::format("\n{}\n{}", group, command_lines(*app, group));
  }
  text += fmt::format(
      "\nEverywhere\n"
      "  {:{}}colours: auto (the default; NO_COLOR and pipes are respected), always or never\n"
      "  {:{}}the program's version\n"
      "\nExit codes: 0 everything asked for passed, 1 the attempt fell short, 2 the harness or its "
      "use\nis at fault, 130 interrupted.\n",
      "--color", kNameColumn, "--version", kNameColumn);
  return text;
}

std::string explain_usage_error(const CLI::App& app, const CLI::ParseError& error,
                                const std::string& program) {
  const CLI::App& command = deepest_command(app);
  const std::string path = command_path(command, program);
  const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
  if (unknown.empty()) return fmt::format("{} (see {} --help)", error.what(), path);

  const std::string& word = unknown.front();
  const bool option = word.size() > 1 && word.front() == '-';
  const std::string_view kind = option                                     ? "option"
                                : command.get_subcommands(nullptr).empty() ? "argument"
                                                                           : "command";
  const std::string bare_option = option ? word.substr(0, word.find('=')) : word;
  return fmt::format("unknown {} '{}'{} (see {} --help)", kind, word,
                     did_you_mean(bare_option, known_words(command, option)), path);
}

}  // namespace unaided
