#include "listener.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "fault.h"

namespace unaided {
namespace {

constexpr int kBacklog = 16;

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) {
    throw Fault(fmt::format("the socket's path is too long ({} bytes, at most {}): {}",
                            path.native().size(), sizeof address.sun_path - 1, path.string()));
  }
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

Descriptor make_socket(int flags) {
  Descriptor made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!made) throw_errno("cannot make a socket");
  return made;
}

std::optional<ucred> peer_of(int fd) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return std::nullopt;
  return peer;
}

/// Only processes of our own user are spoken with.
bool same_user(int fd) {
  const auto peer = peer_of(fd);
  return peer && peer->uid == geteuid();
}

bool only_later(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

Listener::Listener(const std::filesystem::path& path)
    : path_(path), socket_(make_socket(SOCK_NONBLOCK)) {
  const sockaddr_un address = address_of(path);
  unlink(path.c_str());  // the session's lock says that its host is gone
  if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(socket_.get(), kBacklog) != 0) {
    throw_errno("cannot listen at " + path.string());
  }
}

Listener::~Listener() {
  unlink(path_.c_str());
}

void Listener::add_to(std::vector<pollfd>& polled) const {
  polled.push_back({socket_.get(), POLLIN, 0});
  for (const Client& client : clients_) {
    const short events = client.waiting.empty() ? POLLIN : POLLIN | POLLOUT;
    polled.push_back({client.socket.get(), events, 0});
  }
}

int Listener::timeout_ms(std::int64_t now_ms) const {
  std::int64_t least = -1;
  for (const Client& client : clients_) {
    if (client.spoke) continue;
    const std::int64_t left =
        std::max<std::int64_t>(client.silent_since_ms + kSilenceMsMax - now_ms, 0);
    least = least < 0 ? left : std::min(least, left);
  }
  return static_cast<int>(least);
}

std::vector<Listener::Message> Listener::exchange(std::int64_t now_ms) {
  accept_clients(now_ms);
  std::vector<Message> messages;
  pending_ = false;
  for (Client& client : clients_) {
    if (auto message = read_message(client)) {
      client.spoke = true;
      messages.push_back({client.id, std::move(*message), client.peer});
    }
    flush(client);
    if (!client.spoke && now_ms - client.silent_since_ms >= kSilenceMsMax) client.broken = true;
  }
  clients_.remove_if([](const Client& client) { return client.broken; });
  return messages;
}

void Listener::send(ClientId id, const nlohmann::json& message) {
  send_all({id}, message);
}

void Listener::send_all(const std::vector<ClientId>& ids, const nlohmann::json& message) {
  if (ids.empty()) return;
  const std::string frame = encode_frame(message);
  for (Client& client : clients_) {
    if (std::find(ids.begin(), ids.end(), client.id) == ids.end()) continue;
    client.waiting += frame;
    flush(client);
    if (client.waiting.size() > kWaitingBytesMax) client.broken = true;  // it does not read
  }
}

bool Listener::connected(ClientId id) const {
  return std::any_of(clients_.begin(), clients_.end(),
                     [id](const Client& client) { return client.id == id && !client.broken; });
}

void Listener::finish(int timeout_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (Client& client : clients_) {
    while (!client.waiting.empty() && !client.broken && std::chrono::steady_clock::now() < until) {
      pollfd polled{client.socket.get(), POLLOUT, 0};
      poll(&polled, 1, 10);
      flush(client);
    }
  }
  clients_.clear();
}

void Listener::accept_clients(std::int64_t now_ms) {
  for (int i = 0; i < kBacklog; ++i) {
    Descriptor socket(accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    if (!same_user(socket.get()) || clients_.size() >= kClientsMax) continue;
    const auto peer = peer_of(socket.get());
    clients_.push_back({next_id_++, std::move(socket), {}, {}, now_ms, peer ? peer->pid : 0});
  }
}

std::optional<nlohmann::json> Listener::read_message(Client& client) {
  if (client.broken) return std::nullopt;
  try {
    std::array<char, 65536> chunk;
    auto message = client.reader.next();
    if (!message) {
      const ssize_t got = read(client.socket.get(), chunk.data(), chunk.size());
      if (got == 0 || (got < 0 && !only_later(errno))) client.broken = true;
      if (got <= 0) return std::nullopt;
      client.reader.feed({chunk.data(), static_cast<std::size_t>(got)});
      message = client.reader.next();
    }
    if (message && client.reader.partial()) pending_ = true;
    return message;
  } catch (const Fault&) {
    client.broken = true;
    return std::nullopt;
  }
}

void Listener::flush(Client& client) {
  while (!client.waiting.empty() && !client.broken) {
    const ssize_t sent = ::send(client.socket.get(), client.waiting.data(), client.waiting.size(),
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && only_later(errno)) return;
    if (sent < 0) client.broken = true;
    if (sent > 0) client.waiting.erase(0, static_cast<std::size_t>(sent));
  }
}

Descriptor connect_to(const std::filesystem::path& path, Owner owner) {
  Descriptor made = make_socket(0);
  const sockaddr_un address = address_of(path);
  if (connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw_errno("cannot reach the session's host at " + path.string());
  }
  if (owner == Owner::kSelf && !same_user(made.get())) {
    throw Fault(path.string() + " belongs to another user's process");
  }
  return made;
}

}  // namespace unaided
