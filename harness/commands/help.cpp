#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../fault.h"
#include "commands.h"

namespace unaided {
namespace {

int help(const CLI::App& app, const std::string& name) {
  if (name.empty()) {
    fmt::print("{}", app.help());
    return 0;
  }
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->get_name() != name) continue;
    fmt::print("{}", command->help());
    return 0;
  }
  throw Fault(fmt::format("there is no command '{}'", name));
}

}  // namespace

void add_help(CLI::App& app, CommandContext& context) {
  const auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("help", "this, or a command's options");
  command->group("");
  command->add_option("command", *name);
  command->callback([name, &app, &context] { context.exit_code = help(app, *name); });
}

}  // namespace unaided
