#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace unaided {

inline constexpr std::size_t kAttemptBytesMax = 1'000'000;

/// The attempt's text, or the one sentence that says why it cannot be judged.
struct AttemptText {
  std::string source;
  std::string refusal;

  bool accepted() const { return refusal.empty(); }
};

/// Copies the file `name` in `folder` without trusting it: it must be a regular file of its own (no
/// symbolic or hard link, no device, nothing reached through another file system), of UTF-8 text,
/// at most kAttemptBytesMax long and not empty. Never blocks on a FIFO. Throws Fault only when
/// `folder` itself cannot be opened.
AttemptText read_attempt(const std::filesystem::path& folder, const std::string& name);

/// The same, of a path that a user named; also a folder and a missing one are refusals.
AttemptText read_attempt_file(const std::filesystem::path& file);

/// The bytes of such a file, whatever they are, as untrusting; empty when it is none, too long or
/// gone.
std::string read_hostile_file(const std::filesystem::path& folder, const std::string& name);

/// True for well-formed UTF-8 without NUL (RFC 3629: no surrogates, no overlong forms).
bool is_text(std::string_view bytes);

}  // namespace unaided
