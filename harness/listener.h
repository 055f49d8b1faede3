#pragma once

#include <poll.h>

#include <cstdint>
#include <filesystem>
#include <list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "process.h"
#include "protocol.h"

namespace unaided {

/// The host's side of its socket: clients that are bounded in number, in what they may send and in
/// what may wait for them, none of them trusted, none of them able to block the host. A client that
/// breaks a rule is closed; its host and the other clients go on.
class Listener {
 public:
  using ClientId = std::uint64_t;
  static constexpr std::size_t kClientsMax = 32;
  static constexpr std::size_t kWaitingBytesMax = std::size_t{4} << 20;  // per client, unsent
  static constexpr std::int64_t kSilenceMsMax = 5000;  // until a client's first message

  /// Listens at `path`, replacing a socket that a killed host left there. Throws Fault.
  explicit Listener(const std::filesystem::path& path);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  struct Message {
    ClientId client;
    nlohmann::json body;
    pid_t peer = 0;  // the process that connected
  };

  /// What to poll, to be appended to other descriptors.
  void add_to(std::vector<pollfd>& polled) const;
  /// Milliseconds until the next silent client is closed; -1 when there is none.
  int timeout_ms(std::int64_t now_ms) const;
  /// After a poll: accepts, reads and writes what is possible without waiting. At most one message
  /// a client and call, so that none can starve the others.
  std::vector<Message> exchange(std::int64_t now_ms);

  void send(ClientId client, const nlohmann::json& message);
  void send_all(const std::vector<ClientId>& clients, const nlohmann::json& message);
  bool connected(ClientId client) const;
  /// True while a message that came has not been handed out yet.
  bool pending() const { return pending_; }
  /// Sends what still waits, for at most `timeout_ms`, and closes every client.
  void finish(int timeout_ms);

 private:
  struct Client {
    ClientId id;
    Descriptor socket;
    FrameReader reader;
    std::string waiting;
    std::int64_t silent_since_ms;
    pid_t peer = 0;
    bool spoke = false;
    bool broken = false;
  };

  void accept_clients(std::int64_t now_ms);
  std::optional<nlohmann::json> read_message(Client& client);
  void flush(Client& client);

  std::filesystem::path path_;
  Descriptor socket_;
  std::list<Client> clients_;
  ClientId next_id_ = 1;
  bool pending_ = false;
};

/// Who may have made a socket: this user, or anybody, since inside a sealed session the user of the
/// host has no number.
enum class Owner { kSelf, kOutside };

/// Connects to a host's socket. Throws Fault when nobody listens there, or another owner's process.
Descriptor connect_to(const std::filesystem::path& path, Owner owner = Owner::kSelf);

}  // namespace unaided
