#include "protocol.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

namespace unaided {
namespace {

constexpr std::size_t kHeaderBytes = 4;

std::size_t frame_length(std::string_view header) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    length |= std::size_t{static_cast<unsigned char>(header[i])} << (8 * i);
  }
  return length;
}

void require_length(std::string_view buffer) {
  if (buffer.size() < kHeaderBytes) return;
  const std::size_t length = frame_length(buffer);
  if (length <= kFrameBytesMax) return;
  throw Fault("a message of " + std::to_string(length) + " bytes was announced; at most " +
              std::to_string(kFrameBytesMax) + " are allowed");
}

nlohmann::json parse_message(std::string_view text) {
  const auto bound_depth = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kFrameDepthMax) throw Fault("a message nests too deeply");
    return true;
  };
  nlohmann::json message;
  try {
    message = nlohmann::json::parse(text, bound_depth);
  } catch (const nlohmann::json::exception& error) {
    throw Fault(std::string("a message is not JSON: ") + error.what());
  }
  if (!message.is_object()) throw Fault("a message is not a JSON object");
  return message;
}

using Moment = std::chrono::steady_clock::time_point;

Moment deadline_in(int timeout_ms) {
  if (timeout_ms < 0) return Moment::max();
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
}

/// Waits until `fd` is ready for `events` (or hung up); false when the deadline came first.
bool wait_ready(int fd, short events, Moment deadline) {
  for (;;) {
    int wait_ms = -1;
    if (deadline != Moment::max()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      wait_ms = left.count() > 0 ? static_cast<int>(left.count()) : 0;
    }
    pollfd waited{fd, events, 0};
    const int ready = poll(&waited, 1, wait_ms);
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) throw_errno("poll");
  }
}

ssize_t write_some(int fd, std::string_view bytes) {
  const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0 || errno != ENOTSOCK) return sent;
  return write(fd, bytes.data(), bytes.size());
}

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

void FrameReader::feed(std::string_view bytes) {
  buffer_.append(bytes);
  require_length(buffer_);
}

std::optional<nlohmann::json> FrameReader::next() {
  require_length(buffer_);
  if (buffer_.size() < kHeaderBytes) return std::nullopt;
  const std::size_t length = frame_length(buffer_);
  if (buffer_.size() < kHeaderBytes + length) return std::nullopt;
  nlohmann::json message = parse_message(std::string_view(buffer_).substr(kHeaderBytes, length));
  buffer_.erase(0, kHeaderBytes + length);
  return message;
}

std::string encode_frame(const nlohmann::json& message) {
  const std::string text = message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > kFrameBytesMax) {
    throw Fault("a message of " + std::to_string(text.size()) +
                " bytes is too long to send; at most " + std::to_string(kFrameBytesMax) +
                " are allowed");
  }
  std::string frame;
  frame.reserve(kHeaderBytes + text.size());
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    frame.push_back(static_cast<char>((text.size() >> (8 * i)) & 0xff));
  }
  return frame + text;
}

void send_frame(int fd, const nlohmann::json& message) {
  const std::string frame = encode_frame(message);
  std::string_view rest = frame;
  Moment deadline = deadline_in(kSendTimeoutMs);
  while (!rest.empty()) {
    if (!wait_ready(fd, POLLOUT, deadline)) throw ProtocolTimeout("the peer does not read");
    const ssize_t sent = write_some(fd, rest);
    if (sent < 0 && would_block(errno)) continue;
    if (sent < 0) throw_errno("cannot send a message");
    rest.remove_prefix(static_cast<std::size_t>(sent));
    if (sent > 0) deadline = deadline_in(kSendTimeoutMs);
  }
}

std::optional<nlohmann::json> receive_frame(int fd, FrameReader& reader, int timeout_ms) {
  const Moment deadline = deadline_in(timeout_ms);
  std::array<char, 65536> chunk;
  for (;;) {
    if (auto message = reader.next()) return message;
    if (!wait_ready(fd, POLLIN, deadline)) throw ProtocolTimeout("no message came in time");
    const ssize_t received = read(fd, chunk.data(), chunk.size());
    if (received < 0 && would_block(errno)) continue;
    if (received < 0 && errno != ECONNRESET) throw_errno("cannot receive a message");
    if (received <= 0) {
      if (reader.partial()) throw Fault("the peer went away in the middle of a message");
      return std::nullopt;
    }
    reader.feed({chunk.data(), static_cast<std::size_t>(received)});
  }
}

}  // namespace unaided
