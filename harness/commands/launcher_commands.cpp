// What only the launcher script can do, since it works before anything is built.
#include <CLI/CLI.hpp>

#include "../fault.h"
#include "commands.h"

namespace unaided {
namespace {

struct LauncherCommand {
  const char* name;
  const char* description;
};

constexpr LauncherCommand kLauncherCommands[] = {
    {"setup", "fetch and build everything (--cuda: for a GPU too)"},
    {"doctor",
     "each part, its version, what is missing and how to get it (--seal: what the seal can do "
     "here)"},
    {"test", "set up and run the project's own tests"},
    {"clean", "free caches and say how much"},
};

}  // namespace

void add_launcher_commands(CLI::App& app, CommandContext& context) {
  for (const LauncherCommand& entry : kLauncherCommands) {
    CLI::App* command = app.add_subcommand(entry.name, entry.description);
    command->group(kLookAfterGroup)->fallthrough(false)->allow_extras();
    command->callback([name = entry.name, &context] {
      throw Fault(std::string("the launcher does this: run ./unaided ") + name +
                  " in the checkout, " + context.installation().root.string());
    });
  }
}

}  // namespace unaided
