#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../fault.h"
#include "../session_status.h"
#include "commands.h"
#include "session_request.h"
#include "sitting.h"

namespace unaided {
namespace {

/// Inside the seal the debrief cannot be seen: it comes when the screen closes.
void finish_from_inside(CommandContext& context, const SessionOptions& options) {
  const nlohmann::json reply = ask_host(context, options, {{"request", "finish"}});
  if (!reply.is_null()) print_report(context, reply, ReportView{}, options.json);
}

void finish(CommandContext& context, const SessionOptions& options) {
  if (!sealed_socket().empty()) return finish_from_inside(context, options);
  const SessionFolder folder = session_meant(options);
  ensure_host(context, folder);
  const nlohmann::json reply = ask_host(context, folder, {{"request", "finish"}});
  if (reply.is_null()) return;
  const Session session = folder.replay();
  if (!session.finished) throw Fault("the last save could not be judged: finish again");
  if (options.json) {
    print_json(status_to_json(folder, session, SystemClock().now(), /*hosted=*/false));
  } else {
    print_debrief(context, folder);
    offer_notes(context, folder);
  }
  context.exit_code = passed(session) ? 0 : 1;
}

}  // namespace

void add_finish(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionOptions>();
  CLI::App* command =
      app.add_subcommand("finish", "end the session: judges the last save, shows the debrief");
  command->group(kPractiseGroup);
  add_session_options(*command, *options);
  command->callback([options, &context] { finish(context, *options); });
}

}  // namespace unaided
