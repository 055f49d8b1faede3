#include "session_request.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "../client.h"
#include "../fault.h"
#include "../report_json.h"
#include "../session_status.h"

namespace unaided {
namespace {

using OnMessage = std::function<void(const nlohmann::json&)>;

nlohmann::json converse(CommandContext& context, Client client, const nlohmann::json& request,
                        const OnMessage& on_message) {
  const auto hear = [&on_message](const nlohmann::json& message) {
    if (on_message) on_message(message);
  };
  const auto reply = client.ask(request, hear, &context.interrupt);
  if (!reply) return nullptr;
  if (reply->at("type") != "refused") return *reply;
  std::fflush(stdout);
  fmt::print(stderr, "unaided: {}\n", printable(reply->at("message").get<std::string>()));
  context.exit_code = reply->at("exit_code");
  return nullptr;
}

}  // namespace

void add_session_options(CLI::App& command, SessionOptions& options) {
  command.add_option("--session", options.session,
                     "which one, by id (default: this folder's, or the only one running)");
  command.add_flag("--json", options.json, "for programs");
}

SessionFolder session_meant(const SessionOptions& options) {
  return find_session(SessionStore(state_folder()), options.session);
}

std::filesystem::path sealed_socket() {
  const char* path = std::getenv("UNAIDED_SOCKET");
  return path == nullptr ? "" : path;
}

nlohmann::json ask_host(CommandContext& context, const SessionOptions& options,
                        const nlohmann::json& request, const OnMessage& on_message) {
  const std::filesystem::path socket = sealed_socket();
  if (socket.empty()) return ask_host(context, session_meant(options), request, on_message);
  return converse(context, Client(socket), request, on_message);
}

nlohmann::json ask_host(CommandContext& context, const SessionFolder& folder,
                        const nlohmann::json& request, const OnMessage& on_message) {
  return converse(context, Client(folder), request, on_message);
}

nlohmann::json session_status(CommandContext& context, const SessionOptions& options) {
  if (sealed_socket().empty()) {
    const SessionFolder folder = session_meant(options);
    const Session session = folder.replay();
    if (session.phase != Phase::kRunning || !folder.hosted()) {
      return status_to_json(folder, session, SystemClock().now(), /*hosted=*/false);
    }
  }
  const nlohmann::json reply = ask_host(context, options, {{"request", "status"}});
  return reply.is_null() ? reply : reply.at("status");
}

void print_report(CommandContext& context, const nlohmann::json& reply, const ReportView& view,
                  bool json) {
  const GradeReport report = report_from_json(reply.at("report"));
  if (json) print_json(reply.at("report"));
  if (!json) fmt::print("{}", render_report(report, view, context.terminal()));
  context.exit_code = exit_code(report);
}

void print_json(const nlohmann::json& json) {
  fmt::print("{}\n",
             json.dump(2, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace));
}

}  // namespace unaided
