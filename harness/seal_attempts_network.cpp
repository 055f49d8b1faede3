// Ways out by sockets. Nothing here leaves the machine: the targets are listeners of our own.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "process.h"
#include "seal_probe.h"

namespace unaided {
namespace {

constexpr int kConnectMsMax = 300;

Escape failed(const char* what) {
  return {false, std::string(what) + ": " + std::strerror(errno)};
}

Escape connect_to_address(int family, const void* address, socklen_t length, const char* what) {
  const Descriptor made(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made) return failed("socket");
  if (connect(made.get(), static_cast<const sockaddr*>(address), length) == 0) return {true, what};
  if (errno != EINPROGRESS) return failed("connect");
  pollfd polled{made.get(), POLLOUT, 0};
  if (poll(&polled, 1, kConnectMsMax) != 1) return {false, "connect: no answer"};
  socklen_t size = sizeof errno;
  getsockopt(made.get(), SOL_SOCKET, SO_ERROR, &errno, &size);
  return errno == 0 ? Escape{true, what} : failed("connect");
}

Escape connect_to_port(const std::string& host, int port, const char* what) {
  if (host.empty() || port == 0) return {false, "this machine has no such address"};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return connect_to_address(AF_INET, &address, sizeof address, what);
}

Escape connect_to_name(const std::string& name, const char* what) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::min(name.size(), sizeof address.sun_path - 1);
  std::memcpy(address.sun_path, name.data(), length);
  return connect_to_address(
      AF_UNIX, &address,
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length + (name[0] != 0 ? 1U : 0U)),
      what);
}

Escape internet(const SealTargets& targets) {
  return connect_to_port(targets.outer_address, targets.outer_port,
                         "reached a listener on this machine's own address");
}

Escape loopback(const SealTargets& targets) {
  return connect_to_port("127.0.0.1", targets.loopback_port, "reached a listener on loopback");
}

Escape abstract_socket(const SealTargets& targets) {
  return connect_to_name('\0' + targets.abstract_socket, "reached an abstract socket");
}

Escape path_socket(const SealTargets& targets) {
  return connect_to_name(targets.path_socket, "reached a socket in a folder");
}

/// vsock has no namespaces: whoever may make such a socket may speak to the machine's own host.
Escape vsock(const SealTargets&) {
  const Descriptor made(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return made ? Escape{true, "made a vsock socket"} : failed("socket");
}

constexpr EscapeAttempt kAttempts[] = {
    {Channel::kInternet, internet},
    {Channel::kLoopback, loopback},
    {Channel::kAbstractSockets, abstract_socket},
    {Channel::kPathSockets, path_socket},
    {Channel::kVsock, vsock},
};

}  // namespace

std::span<const EscapeAttempt> network_attempts() {
  return kAttempts;
}

}  // namespace unaided
