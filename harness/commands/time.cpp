#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../session_status.h"
#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

void time(CommandContext& context, const SessionOptions& options) {
  const nlohmann::json status = session_status(context, options);
  if (status.is_null()) return;
  if (options.json) return print_json(status.at("time_left_ms"));
  fmt::print("{}\n", time_text(status));
}

}  // namespace

void add_time(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionOptions>();
  CLI::App* command = app.add_subcommand("time", "time left");
  command->group(kLookGroup);
  add_session_options(*command, *options);
  command->callback([options, &context] { time(context, *options); });
}

}  // namespace unaided
