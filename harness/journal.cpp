#include "journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#include "fault.h"

namespace unaided {
namespace {

constexpr std::uintmax_t kJournalBytesMax = std::uintmax_t{64} << 20;
constexpr char kFormatName[] = "unaided-journal";

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder & 1) ? (remainder >> 1) ^ 0xEDB88320u : remainder >> 1;
    }
    table[byte] = remainder;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

std::string line_of(std::uint64_t sequence, const nlohmann::json& event) {
  const std::string rest = fmt::format(
      "{} {}", sequence, event.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  return fmt::format("{:08x} {}\n", crc32(rest), rest);
}

struct Record {
  std::uint64_t sequence = 0;
  nlohmann::json event;
};

/// Nothing when the line is not one that a journal writes.
std::optional<Record> parse_line(std::string_view line) {
  constexpr std::size_t kCrcDigits = 8;
  if (line.size() < kCrcDigits + 1 || line[kCrcDigits] != ' ') return std::nullopt;
  const std::string_view rest = line.substr(kCrcDigits + 1);
  if (fmt::format("{:08x}", crc32(rest)) != line.substr(0, kCrcDigits)) return std::nullopt;
  Record record;
  const auto [end, error] =
      std::from_chars(rest.data(), rest.data() + rest.size(), record.sequence);
  if (error != std::errc{} || end == rest.data() + rest.size() || *end != ' ') return std::nullopt;
  record.event = nlohmann::json::parse(end + 1, rest.data() + rest.size(), nullptr, false);
  if (!record.event.is_object()) return std::nullopt;
  return record;
}

void require_version(const Record& header, const std::string& path) {
  const int version = header.event.value("version", 0);
  if (header.event.value("journal", "") != kFormatName || version < 1) {
    throw Fault(path + " is not a journal of unaided; nothing was changed");
  }
  if (version > kJournalVersion) {
    throw Fault(
        fmt::format("{} was written by a newer unaided (version {} of the journal, this one "
                    "reads up to {}): update unaided; nothing was changed",
                    path, version, kJournalVersion));
  }
}

std::string read_whole(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > kJournalBytesMax) {
    throw Fault(path.string() + " is far longer than a journal gets; nothing was changed");
  }
  std::ifstream file(path, std::ios::binary);
  if (error || !file) throw Fault("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The folder's entry of a new file survives a power cut only once the folder is synced.
void sync_folder(const std::filesystem::path& folder) {
  const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened) fsync(opened.get());
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char byte : bytes) {
    crc = kCrcTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF] ^ (crc >> 8);
  }
  return ~crc;
}

JournalContents read_journal(const std::filesystem::path& path) {
  const std::string text = read_whole(path);
  JournalContents contents;
  std::uint64_t sequence = 0;
  while (contents.bytes < text.size()) {
    const std::string_view rest = std::string_view(text).substr(contents.bytes);
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    const auto record = end == std::string_view::npos ? std::nullopt : parse_line(line);
    const bool last = end == std::string_view::npos || end + 1 == rest.size();
    // A write that was cut off ends without a newline or, after a power cut, in blocks of zeros.
    const bool torn = end == std::string_view::npos || line.find('\0') != std::string_view::npos;
    if (!record && last && torn) {
      contents.repaired = fmt::format("the last line of {} was torn ({} bytes) and was left out",
                                      path.string(), rest.size());
      return contents;
    }
    if (!record || record->sequence != sequence) {
      throw Fault(fmt::format("{}:{} is damaged or foreign; nothing was changed", path.string(),
                              sequence + 1));
    }
    if (sequence == 0) require_version(*record, path.string());
    if (sequence > 0) contents.events.push_back(record->event);
    ++sequence;
    contents.bytes += end + 1;
  }
  return contents;
}

Journal::Journal(const std::filesystem::path& path) : path_(path) {
  const bool fresh = !std::filesystem::exists(path);
  if (!fresh) opened_ = read_journal(path);
  file_ =
      Descriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file_) throw_errno("cannot open " + path.string());
  bytes_ = static_cast<std::int64_t>(opened_.bytes);
  if (!opened_.repaired.empty() && ftruncate(file_.get(), bytes_) != 0) {
    throw_errno("cannot repair " + path.string());
  }
  if (bytes_ > 0) {
    next_sequence_ = opened_.events.size() + 1;
    return;
  }
  write_line({{"journal", kFormatName}, {"version", kJournalVersion}});
  sync_folder(path.parent_path());
}

void Journal::append(const nlohmann::json& event) {
  write_line(event);
}

void Journal::write_line(const nlohmann::json& event) {
  const std::string line = line_of(next_sequence_, event);
  const ssize_t written = write(file_.get(), line.data(), line.size());
  const bool whole = written == static_cast<ssize_t>(line.size());
  if (!whole || fdatasync(file_.get()) != 0) {
    const int error = whole || written < 0 ? errno : ENOSPC;
    const bool restored = ftruncate(file_.get(), bytes_) == 0;
    errno = error;
    throw_errno("cannot write " + path_.string() + (restored ? "" : " (and its end is torn)"));
  }
  bytes_ += written;
  ++next_sequence_;
}

}  // namespace unaided
