#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

/// The output is the candidate's own, so stdout holds nothing else; what became of it goes to
/// stderr.
void run(CommandContext& context, const SessionOptions& options) {
  const nlohmann::json reply = ask_host(context, options, {{"request", "run"}});
  if (reply.is_null()) return;
  const auto outcome = outcome_from_id(reply.at("outcome").get<std::string>());
  const OutcomeRow& row = outcome_row(outcome.value_or(Outcome::kFault));
  context.exit_code = row.exit_code;
  if (options.json) return print_json(reply);
  const std::string output = printable(reply.at("output").get<std::string>());
  const bool unended = !output.empty() && output.back() != '\n';
  fmt::print("{}{}", output, unended ? "\n" : "");
  std::fflush(stdout);
  if (row.exit_code == 0) return;
  const std::string message = printable(reply.at("message").get<std::string>());
  fmt::print(stderr, "{}{}{}\n", context.terminal().paint(row.colour, row.label),
             message.empty() ? "" : ": ", message);
}

}  // namespace

void add_run(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionOptions>();
  CLI::App* command = app.add_subcommand("run", "build and run try.cpp with the attempt");
  command->group(kPractiseGroup);
  add_session_options(*command, *options);
  command->callback([options, &context] { run(context, *options); });
}

}  // namespace unaided
