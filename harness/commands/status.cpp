#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../session_status.h"
#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

struct StatusOptions {
  SessionOptions session;
  bool line = false;
};

void status(CommandContext& context, const StatusOptions& options) {
  const nlohmann::json found = session_status(context, options.session);
  if (found.is_null()) return;
  if (options.session.json) return print_json(found);
  if (options.line) {
    fmt::print("{}\n", status_line(found));
  } else {
    fmt::print("{}", render_status(found, context.terminal()));
  }
}

}  // namespace

void add_status(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<StatusOptions>();
  CLI::App* command = app.add_subcommand("status", "time left and the last verdict");
  command->group(kLookGroup);
  add_session_options(*command, options->session);
  command->add_flag("--line", options->line, "in one line, for the screen");
  command->callback([options, &context] { status(context, *options); });
}

}  // namespace unaided
