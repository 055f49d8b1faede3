#pragma once

#include <string>
#include <string_view>

namespace unaided {

/// The SHA-256 of `bytes` (FIPS 180-4) as 64 hex digits: it names a snapshot of an attempt.
std::string sha256(std::string_view bytes);

/// The first digits of a hash, enough to tell one session's snapshots apart on the screen.
inline std::string short_hash(std::string_view hash) {
  return std::string(hash.substr(0, 12));
}

}  // namespace unaided
