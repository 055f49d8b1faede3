#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "../command.h"
#include "../render.h"
#include "../session_store.h"

namespace CLI {
class App;
}

// What the commands that talk to a session's host share.
namespace unaided {

/// Options of nearly every one of them.
struct SessionOptions {
  std::string session;  // empty: the one meant, see find_session()
  bool json = false;
};
void add_session_options(CLI::App& command, SessionOptions& options);

SessionFolder session_meant(const SessionOptions& options);

/// The host's socket inside a sealed session; empty outside of one.
std::filesystem::path sealed_socket();

/// Asks the host of the session meant, from inside or outside of its seal; as below.
nlohmann::json ask_host(CommandContext& context, const SessionOptions& options,
                        const nlohmann::json& request,
                        const std::function<void(const nlohmann::json&)>& on_message = nullptr);

/// Asks the session's host and returns its final reply; null once interrupted. A refusal is said on
/// stderr and sets context.exit_code; the reply is then null, too.
nlohmann::json ask_host(CommandContext& context, const SessionFolder& folder,
                        const nlohmann::json& request,
                        const std::function<void(const nlohmann::json&)>& on_message = nullptr);

/// Where the session meant stands: from its host, or from its journal when it has none. Null as
/// above.
nlohmann::json session_status(CommandContext& context, const SessionOptions& options);

/// Prints the report in a host's reply, as text or JSON, and sets context.exit_code by it.
void print_report(CommandContext& context, const nlohmann::json& reply, const ReportView& view,
                  bool json);

/// Prints JSON for a program: indented, UTF-8 whatever the text was.
void print_json(const nlohmann::json& json);

}  // namespace unaided
