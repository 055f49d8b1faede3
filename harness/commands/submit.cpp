#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

void submit(CommandContext& context, const SessionOptions& options) {
  const nlohmann::json reply = ask_host(context, options, {{"request", "submit"}});
  if (reply.is_null()) return;
  ReportView view;
  view.replay_command = context.program + " check";
  view.full_command = context.program + " check --full";
  view.next_when_failed = "The session goes on: mend it and submit again.";
  if (reply.at("ended")) view.next_when_passed = "The session has ended, passed.";
  print_report(context, reply, view, options.json);
}

}  // namespace

void add_submit(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionOptions>();
  CLI::App* command =
      app.add_subcommand("submit", "judge with the slow checks, too; a drill that passes ends");
  command->group(kPractiseGroup);
  add_session_options(*command, *options);
  command->callback([options, &context] { submit(context, *options); });
}

}  // namespace unaided
