#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "fault.h"

namespace unaided {

/// Framed messages of both seams, client - host and host - worker: a little-endian u32 length, then
/// that many bytes of JSON. Neither side trusts the other: a frame that is too long, is not JSON,
/// is not an object or nests too deeply is a Fault, after which the connection must be closed.
inline constexpr std::size_t kFrameBytesMax = std::size_t{1} << 20;
inline constexpr int kFrameDepthMax = 32;
inline constexpr int kSendTimeoutMs = 5000;

/// The peer sent nothing (or only part of a frame) in the time allowed, or did not read.
class ProtocolTimeout : public Fault {
 public:
  using Fault::Fault;
};

/// Cuts a stream of bytes into messages. Does no I/O, so it serves blocking and polled descriptors.
class FrameReader {
 public:
  /// Takes bytes as they came, in pieces of any size. Throws Fault as soon as a length is too long.
  void feed(std::string_view bytes);

  /// The next whole message, or nothing yet. Throws Fault when the frame is malformed.
  std::optional<nlohmann::json> next();

  /// True in the middle of a frame: the end of the stream here is a truncated message.
  bool partial() const { return !buffer_.empty(); }

 private:
  std::string buffer_;
};

/// The bytes of one frame. Text that is not UTF-8 is sent with replacement characters.
/// Throws Fault when `message` is longer than a frame may be.
std::string encode_frame(const nlohmann::json& message);

/// Sends one frame on a socket or pipe, blocking or not; never raises SIGPIPE on a socket. Throws
/// ProtocolTimeout when the peer does not read for kSendTimeoutMs, Fault when it is gone.
void send_frame(int fd, const nlohmann::json& message);

/// The next message: nothing at the end of the stream. `timeout_ms` bounds the whole wait, -1 is
/// for ever. Throws ProtocolTimeout when it is over, Fault on a malformed or truncated frame. Bytes
/// that came stay in `reader`, so a call after a timeout loses nothing.
std::optional<nlohmann::json> receive_frame(int fd, FrameReader& reader, int timeout_ms);

}  // namespace unaided
