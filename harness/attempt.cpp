// Reads a file that the candidate, or what they run, may have replaced by anything. What it is gets
// decided on the opened descriptor, so that nothing can change between the look and the read.
#include "attempt.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "fault.h"
#include "process.h"

namespace unaided {
namespace {

AttemptText refuse(const std::string& name, std::string_view reason) {
  return {"", fmt::format("{} {}", name, reason)};
}

Descriptor open_beneath(int folder, const std::string& name) {
  open_how how{};
  how.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return Descriptor(static_cast<int>(syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how)));
}

std::string open_reason(int error) {
  switch (error) {
    case ENOENT:
      return "is missing: put your code there, or run `reset` to start over";
    case ELOOP:
      return "is a symbolic link: make it a file of its own";
    case EXDEV:
      return "lies outside the workspace: make it a file of its own in there";
    case ENXIO:
      return "is a socket or device, not a file: replace it by a regular file";
    case EACCES:
      return "may not be read: give yourself permission (chmod u+r)";
    default:
      return fmt::format("cannot be read: {}", std::strerror(error));
  }
}

/// What is wrong with the opened file before a byte of it is read, or "".
std::string shape_reason(const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return "is a directory: replace it by a regular file";
  if (S_ISFIFO(status.st_mode)) return "is a FIFO: replace it by a regular file";
  if (!S_ISREG(status.st_mode)) return "is a device: replace it by a regular file";
  if (status.st_nlink != 1) return "is a hard link to another file: make it a file of its own";
  if (status.st_size == 0) return "is empty: write something first";
  if (status.st_size > static_cast<off_t>(kAttemptBytesMax)) {
    return fmt::format("is {:.1f} MB long: at most {} MB is judged",
                       static_cast<double>(status.st_size) / 1e6, kAttemptBytesMax / 1'000'000);
  }
  return "";
}

/// At most one byte more than an attempt may have, so that a file growing meanwhile is noticed.
std::string read_bounded(int file) {
  std::string text;
  std::array<char, 65536> chunk;
  while (text.size() <= kAttemptBytesMax) {
    const std::size_t room = std::min(chunk.size(), kAttemptBytesMax + 1 - text.size());
    const ssize_t got = read(file, chunk.data(), room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("cannot read the attempt");
    if (got == 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

/// The number of bytes that follow this first byte of a character, or -1; `lowest` and `highest`
/// bound the first of them.
int continuation_bytes(unsigned char first, unsigned char& lowest, unsigned char& highest) {
  lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (first >= 0x01 && first <= 0x7F) return 0;
  if (first >= 0xC2 && first <= 0xDF) return 1;
  if (first >= 0xE0 && first <= 0xEF) return 2;
  if (first >= 0xF0 && first <= 0xF4) return 3;
  return -1;
}

}  // namespace

AttemptText read_attempt(const std::filesystem::path& folder, const std::string& name) {
  const Descriptor opened_folder(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!opened_folder) throw_errno("cannot open the folder " + folder.string());
  const Descriptor file = open_beneath(opened_folder.get(), name);
  if (!file) return refuse(name, open_reason(errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return refuse(name, open_reason(errno));
  if (const std::string reason = shape_reason(status); !reason.empty()) return refuse(name, reason);

  AttemptText attempt{read_bounded(file.get()), ""};
  if (attempt.source.empty()) return refuse(name, "is empty: write something first");
  if (attempt.source.size() > kAttemptBytesMax) return refuse(name, "grew while it was read");
  if (!is_text(attempt.source)) {
    return refuse(name, "is not UTF-8 text: save it as UTF-8, without NUL bytes");
  }
  return attempt;
}

std::string read_hostile_file(const std::filesystem::path& folder, const std::string& name) {
  const Descriptor opened_folder(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!opened_folder) return "";
  const Descriptor file = open_beneath(opened_folder.get(), name);
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0 || !shape_reason(status).empty()) return "";
  std::string bytes = read_bounded(file.get());
  return bytes.size() > kAttemptBytesMax ? "" : bytes;
}

AttemptText read_attempt_file(const std::filesystem::path& file) {
  if (!file.has_filename()) return {"", file.string() + " is a folder, not an attempt"};
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::error_code unreachable;
  if (!std::filesystem::is_directory(folder, unreachable)) {
    return {"",
            fmt::format("{} is missing: there is no folder {}", file.string(), folder.string())};
  }
  return read_attempt(folder, file.filename().string());
}

bool is_text(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    unsigned char lowest = 0;
    unsigned char highest = 0;
    const int following =
        continuation_bytes(static_cast<unsigned char>(bytes[at++]), lowest, highest);
    if (following < 0) return false;
    for (int i = 0; i < following; ++i) {
      if (at == bytes.size()) return false;
      const auto byte = static_cast<unsigned char>(bytes[at++]);
      if (byte < lowest || byte > highest) return false;
      lowest = 0x80;
      highest = 0xBF;
    }
  }
  return true;
}

}  // namespace unaided
