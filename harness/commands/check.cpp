#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

struct CheckOptions {
  SessionOptions session;
  std::string only;
  std::string sanitizer;
  std::uint64_t seed = 0;
  bool full = false;
};

void check(CommandContext& context, const CheckOptions& options) {
  const nlohmann::json request = {{"request", "check"},
                                  {"full", options.full},
                                  {"seed", std::to_string(options.seed)},
                                  {"only", options.only},
                                  {"sanitizer", options.sanitizer}};
  const nlohmann::json reply = ask_host(context, options.session, request);
  if (reply.is_null()) return;
  ReportView view;
  view.replay_command = context.program + " check";
  if (!options.full) view.full_command = context.program + " check --full";
  if (options.full) view.failures_max = 0;
  view.next_when_passed =
      fmt::format("Next: {} submit judges with the slow checks, too", context.program);
  print_report(context, reply, view, options.session.json);
}

}  // namespace

void add_check(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand("check", "judge what is saved, now");
  command->group(kPractiseGroup);
  add_session_options(*command, options->session);
  command->add_option("--only", options->only, "one check, as Behaviour.Name");
  command->add_option("--seed", options->seed, "replays the inputs of an earlier run");
  add_sanitizer_option(*command, options->sanitizer);
  command->add_flag("--full", options->full, "all failures in full, compiler output unabridged");
  command->callback([options, &context] { check(context, *options); });
}

}  // namespace unaided
