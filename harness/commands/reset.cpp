#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

void reset(CommandContext& context, const SessionOptions& options) {
  const nlohmann::json reply = ask_host(context, options, {{"request", "reset"}});
  if (reply.is_null()) return;
  const std::string kept = reply.at("kept");
  if (options.json) return print_json({{"kept", kept}});
  fmt::print("The starting file is back{}.\n", kept.empty() ? "" : "; yours is kept as " + kept);
}

}  // namespace

void add_reset(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionOptions>();
  CLI::App* command = app.add_subcommand("reset", "the starting file again; yours is kept");
  command->group(kPractiseGroup);
  add_session_options(*command, *options);
  command->callback([options, &context] { reset(context, *options); });
}

}  // namespace unaided
