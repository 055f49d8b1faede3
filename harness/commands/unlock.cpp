#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

void unlock(CommandContext& context, const SessionOptions& options) {
  const nlohmann::json reply = ask_host(context, options, {{"request", "unlock"}});
  if (reply.is_null()) return;
  if (options.json) return print_json(reply);
  fmt::print("Level {} is open: README.md and level{}.h have it.\n", reply.at("level").get<int>(),
             reply.at("level").get<int>());
}

}  // namespace

void add_unlock(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionOptions>();
  CLI::App* command =
      app.add_subcommand("unlock", "assessment: the next level, once the examples pass");
  command->group(kPractiseGroup);
  add_session_options(*command, *options);
  command->callback([options, &context] { unlock(context, *options); });
}

}  // namespace unaided
