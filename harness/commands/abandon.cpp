#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../client.h"
#include "../fault.h"
#include "../journal.h"
#include "../session_status.h"
#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

/// A session without a host is ended here, under the lock that a host would hold.
nlohmann::json abandon_unhosted(const SessionFolder& folder) {
  const SessionLock lock(folder);
  const Session session = folder.replay();
  const Event event = Abandoned{SystemClock().now()};
  if (session.phase != Phase::kRunning) {
    throw Fault(fmt::format("session {} is over: it is {}", folder.id(), phase_id(session.phase)));
  }
  const Session ended = unaided::apply(session, event);
  Journal(folder.journal()).append(to_journal(event));
  return status_to_json(folder, ended, SystemClock().now(), /*hosted=*/false);
}

void abandon(CommandContext& context, const SessionOptions& options) {
  const SessionFolder folder = session_meant(options);
  nlohmann::json status;
  if (host_answers(folder)) {
    const nlohmann::json reply = ask_host(context, folder, {{"request", "abandon"}});
    if (reply.is_null()) return;
    status = reply.at("status");
  } else {
    status = abandon_unhosted(folder);
  }
  if (options.json) return print_json(status);
  fmt::print("{} is abandoned; the workspace stays: {}\n", folder.id(),
             folder.workspace().string());
}

}  // namespace

void add_abandon(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionOptions>();
  CLI::App* command = app.add_subcommand("abandon", "end the session without a result");
  command->group(kPractiseGroup);
  add_session_options(*command, *options);
  command->callback([options, &context] { abandon(context, *options); });
}

}  // namespace unaided
