#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "process.h"
#include "protocol.h"
#include "session_store.h"

namespace unaided {

class CancelToken;

/// A connection to a session's host. See host.h for requests and replies.
class Client {
 public:
  /// Throws Fault, saying what to do, when the session has no host or the host does not answer.
  explicit Client(const SessionFolder& folder);
  /// From inside a sealed session, where nothing of it can be seen but its host's socket.
  explicit Client(const std::filesystem::path& sealed_socket);

  /// Sends `request` and calls `on_message` for every reply up to and including the final one,
  /// which is returned. Nothing when `interrupt` was cancelled first. Throws Fault when the host
  /// goes away or talks nonsense.
  std::optional<nlohmann::json> ask(const nlohmann::json& request,
                                    const std::function<void(const nlohmann::json&)>& on_message,
                                    const CancelToken* interrupt);

 private:
  Descriptor socket_;
  FrameReader reader_;
};

/// Whether a host serves the session. One that is dying holds its lock, and even accepts
/// connections, a moment longer: that moment is waited for.
bool host_answers(const SessionFolder& folder);

/// The session meant: `asked` (an id or path) if not empty, else $UNAIDED_SESSION, else the one
/// whose workspace is the current folder, else the only one that runs. Throws Fault when that is
/// none or several.
SessionFolder find_session(const SessionStore& store, const std::string& asked);

}  // namespace unaided
