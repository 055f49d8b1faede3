#include "client.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "fault.h"
#include "grader.h"
#include "history.h"
#include "listener.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSocketPathBytesMax = 4096;
constexpr int kConnectAttempts = 50;
constexpr std::chrono::milliseconds kConnectPause(20);

/// A host that has just begun or is about to go holds the lock without listening: that passes.
Descriptor connect_to_host(const SessionFolder& folder) {
  for (int attempts_left = kConnectAttempts;; --attempts_left) {
    const Phase phase = folder.replay().phase;
    if (phase != Phase::kRunning) {
      throw Fault(fmt::format("session {} is over: it is {}", folder.id(), phase_id(phase)));
    }
    if (!folder.hosted()) {
      throw Fault(
          fmt::format("session {} has no host (it was killed, or the machine restarted): "
                      "`resume` takes it up where it was",
                      folder.id()));
    }
    try {
      return connect_to(read_text_file(folder.socket(), kSocketPathBytesMax));
    } catch (const Fault&) {
      if (attempts_left == 0) throw;
    }
    std::this_thread::sleep_for(kConnectPause);
  }
}

/// False when the interrupt came first.
bool wait_readable(int fd, const CancelToken* interrupt) {
  std::array<pollfd, 2> polled = {{{fd, POLLIN, 0}, {interrupt ? interrupt->fd() : -1, POLLIN, 0}}};
  while (poll(polled.data(), polled.size(), -1) < 0) {
    if (errno != EINTR) throw_errno("poll");
  }
  return polled[1].revents == 0;
}

/// The session whose folder holds the current one, if any.
std::optional<SessionFolder> session_around(const fs::path& current, const SessionStore& store) {
  for (const SessionFolder& folder : store.all()) {
    const auto [rest, unused] =
        std::mismatch(folder.path.begin(), folder.path.end(), current.begin(), current.end());
    if (rest == folder.path.end()) return folder;
  }
  return std::nullopt;
}

SessionFolder only_running(const SessionStore& store) {
  const std::vector<SessionSummary> running = History(store).sessions({.running = true});
  if (running.size() == 1) return store.find(running.front().id);
  if (running.empty()) throw Fault("no session is running: begin one with `start <kata>`");
  std::string ids;
  for (const SessionSummary& one : running) ids += (ids.empty() ? "" : ", ") + one.id;
  throw Fault("several sessions are running: name one with --session, of " + ids);
}

}  // namespace

Client::Client(const SessionFolder& folder) : socket_(connect_to_host(folder)) {}

Client::Client(const fs::path& sealed_socket)
    : socket_(connect_to(sealed_socket, Owner::kOutside)) {}

std::optional<nlohmann::json> Client::ask(
    const nlohmann::json& request, const std::function<void(const nlohmann::json&)>& on_message,
    const CancelToken* interrupt) {
  send_frame(socket_.get(), request);
  std::array<char, 65536> chunk;
  for (;;) {
    while (auto message = reader_.next()) {
      on_message(*message);
      if (message->value("final", false)) return message;
    }
    if (!wait_readable(socket_.get(), interrupt)) return std::nullopt;
    const ssize_t got = read(socket_.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw Fault("the session's host went away: `resume` takes the session up again");
    reader_.feed({chunk.data(), static_cast<std::size_t>(got)});
  }
}

bool host_answers(const SessionFolder& folder) {
  const auto ignore = [](const nlohmann::json&) {};
  for (int attempt = 0; attempt < kConnectAttempts && folder.hosted(); ++attempt) {
    try {
      if (Client(folder).ask({{"request", "status"}}, ignore, /*interrupt=*/nullptr)) return true;
    } catch (const Fault&) {
      std::this_thread::sleep_for(kConnectPause);
    }
  }
  return false;
}

SessionFolder find_session(const SessionStore& store, const std::string& asked) {
  if (!asked.empty()) return store.find(asked);
  const char* named = std::getenv("UNAIDED_SESSION");
  if (named != nullptr && *named != '\0') return store.find(named);
  std::error_code error;
  const fs::path current = fs::current_path(error);
  if (const auto around = session_around(current, store)) return *around;
  return only_running(store);
}

}  // namespace unaided
