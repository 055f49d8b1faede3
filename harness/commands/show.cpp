#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../fault.h"
#include "../text_file.h"
#include "commands.h"

namespace unaided {
namespace {

constexpr std::size_t kStatementBytesMax = 256 * 1024;

struct ShowOptions {
  std::string kata;
  int level = 0;  // 0: all
};

/// Headings in bold on a terminal; plain text in a pipe.
void print_markdown(const std::string& text, const Terminal& terminal) {
  bool in_code = false;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    if (line.starts_with("```")) in_code = !in_code;
    const bool heading = !in_code && line.starts_with('#');
    fmt::print("{}\n", terminal.paint(heading ? "1" : "", line));
    begin = end + 1;
  }
}

void show_level(const Kata& kata, const Level& level, const Terminal& terminal) {
  print_markdown(read_text_file(kata.statement(level.number), kStatementBytesMax), terminal);
  const std::filesystem::path contract = kata.contract(level.number);
  const std::string title = fmt::format("## {}", contract.filename().string());
  fmt::print("\n{}\n\n```cpp\n{}```\n", terminal.paint("1", title),
             read_text_file(contract, kStatementBytesMax));
}

void show_overview(const Kata& kata, const Terminal& terminal) {
  fmt::print("{}: {}\n", terminal.paint("1", kata.title), kata.summary);
  if (!kata.topics.empty()) fmt::print("Topics: {}\n", fmt::join(kata.topics, ", "));
  for (const Level& level : kata.levels) {
    fmt::print("Level {}: {}, par {} min\n", level.number, level.title, level.par_minutes);
  }
  fmt::print("\n");
}

int show(CommandContext& context, const ShowOptions& options) {
  const Kata kata = context.kata(options.kata);
  if (options.level > kata.level_count()) {
    throw Fault(
        fmt::format("{} has levels 1 to {}, not {}", kata.id, kata.level_count(), options.level));
  }
  if (options.level == 0) show_overview(kata, context.terminal());
  bool first = true;
  for (const Level& level : kata.levels) {
    if (options.level != 0 && options.level != level.number) continue;
    if (!first) fmt::print("\n");
    first = false;
    show_level(kata, level, context.terminal());
  }
  return 0;
}

}  // namespace

void add_show(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<ShowOptions>();
  CLI::App* command = app.add_subcommand("show", "a kata's statement and contract");
  command->group(kLookGroup);
  command->add_option("kata", options->kata, "its id, as 'list' has it")->required();
  command->add_option("--level", options->level, "one level only")->check(CLI::Range(1, 4));
  command->callback([options, &context] { context.exit_code = show(context, *options); });
}

}  // namespace unaided
