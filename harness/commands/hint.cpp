#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

void hint(CommandContext& context, const SessionOptions& options) {
  const nlohmann::json reply = ask_host(context, options, {{"request", "hint"}});
  if (reply.is_null()) return;
  if (options.json) return print_json(reply);
  fmt::print("Hint {} of {}\n\n{}", reply.at("number").get<int>(), reply.at("of").get<int>(),
             reply.at("text").get<std::string>());
}

}  // namespace

void add_hint(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionOptions>();
  CLI::App* command = app.add_subcommand(
      "hint", "a drill: the behaviours, then the idea, then the skeleton; recorded");
  command->group(kPractiseGroup);
  add_session_options(*command, *options);
  command->callback([options, &context] { hint(context, *options); });
}

}  // namespace unaided
