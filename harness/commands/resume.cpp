#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../client.h"
#include "commands.h"
#include "session_request.h"
#include "sitting.h"

namespace unaided {

void add_resume(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionOptions>();
  const auto plain = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("resume", "back to a running session, also after a crash or restart");
  command->group(kPractiseGroup);
  command->add_option("session,--session", options->session,
                      "which one, by id (default: the only one running)");
  command->add_flag("--json", options->json, "for programs");
  command->add_flag("--plain", *plain, "without the screen");
  command->callback([options, plain, &context] {
    const SessionFolder folder = session_meant(*options);
    ensure_host(context, folder);
    sit_down(context, folder, {.command = {}, .plain = *plain, .json = options->json});
  });
}

}  // namespace unaided
