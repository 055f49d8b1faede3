#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "process.h"

namespace unaided {

inline constexpr int kJournalVersion = 1;

/// What a journal holds.
struct JournalContents {
  std::vector<nlohmann::json> events;
  std::string repaired;   // one sentence when the last line was torn, else empty
  std::size_t bytes = 0;  // of the whole lines: where the next line belongs
};

/// Reads a journal without changing it. Throws Fault, naming the line, when it holds something that
/// no journal does (a damaged, foreign or reordered line) or was written by a newer version. A torn
/// last line, what an interrupted write leaves, is left out and reported.
JournalContents read_journal(const std::filesystem::path& path);

/// The append-only record of one session. One line an event:
///   CRC-32 of the rest in hex, sequence number, JSON
/// The first line (sequence 0) names the format and its version. An event that append() returned
/// from is on the disk. One process writes at a time: the one that holds the session's lock.
class Journal {
 public:
  /// Opens the journal at `path`, or starts one. Cuts off a torn last line. Throws as
  /// read_journal() does.
  explicit Journal(const std::filesystem::path& path);

  /// Writes one event durably (O_APPEND, fdatasync). Throws Fault on a full disk; the journal is
  /// then as it was before.
  void append(const nlohmann::json& event);

  /// What was there when the journal was opened.
  const JournalContents& opened() const { return opened_; }

 private:
  void write_line(const nlohmann::json& event);

  std::filesystem::path path_;
  JournalContents opened_;
  Descriptor file_;
  std::uint64_t next_sequence_ = 0;
  std::int64_t bytes_ = 0;
};

/// CRC-32 as in zlib and Ethernet (polynomial 0xEDB88320, reflected).
std::uint32_t crc32(std::string_view bytes);

}  // namespace unaided
