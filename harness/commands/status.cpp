#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../session_status.h"
#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

void status(CommandContext& context, const SessionOptions& options) {
  const nlohmann::json found = session_status(context, options);
  if (found.is_null()) return;
  if (options.json) return print_json(found);
  fmt::print("{}", render_status(found, context.terminal()));
}

}  // namespace

void add_status(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionOptions>();
  CLI::App* command = app.add_subcommand("status", "time left and the last verdict");
  command->group(kLookGroup);
  add_session_options(*command, *options);
  command->callback([options, &context] { status(context, *options); });
}

}  // namespace unaided
