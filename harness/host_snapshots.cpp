// What the host keeps of an attempt, and when: a snapshot is a copy that was taken in time, named
// by its hash. The file is the candidate's, so nothing about it is trusted.
#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "attempt.h"
#include "fault.h"
#include "host.h"
#include "sha256.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kSnapshotBytesMax = std::uintmax_t{64} << 20;
constexpr std::size_t kLateSnapshotsMax = 16;

}  // namespace

std::uintmax_t Host::snapshot_bytes_of(const SessionFolder& folder) {
  std::uintmax_t bytes = 0;
  std::error_code none_yet;
  for (const auto& entry : fs::directory_iterator(folder.path / "snapshots", none_yet)) {
    bytes += entry.file_size();
  }
  return bytes;
}

Host::Snapshot Host::take_snapshot() {
  if (!watch_.watching()) watch_ = watch_workspace();
  AttemptText attempt = read_attempt(setup_.folder.workspace(), setup_.kata.attempt_name());
  if (!attempt.accepted()) return {"", "", attempt.refusal, false};
  const Moment now = setup_.clock->now();
  const std::string hash = sha256(attempt.source);
  const bool known = !session_.snapshots.empty() && session_.snapshots.back().hash == hash;
  if (!closing_.empty() || is_late(session_, now)) {
    return {hash, "", refuse_late(hash, attempt.source), true};
  }
  if (!known) {
    store_snapshot(hash, attempt.source);
    record(SnapshotTaken{now, hash});
  }
  return {hash, std::move(attempt.source), "", false};
}

/// What comes after the deadline is kept beside the rest, within bounds, and never judged.
std::string Host::refuse_late(const std::string& hash, const std::string& source) {
  const Moment now = setup_.clock->now();
  const auto same = [&hash](const auto& one) { return one.hash == hash; };
  const bool known = std::any_of(session_.late.begin(), session_.late.end(), same) ||
                     std::any_of(session_.snapshots.begin(), session_.snapshots.end(), same);
  if (!known && is_late(session_, now) && session_.late.size() < kLateSnapshotsMax) {
    store_snapshot(hash, source);
    record(Late{now, hash});
  }
  return closing_.empty() ? kTimeIsOver : closing_;
}

void Host::store_snapshot(const std::string& hash, const std::string& source) {
  const fs::path file = setup_.folder.snapshot(hash);
  if (fs::exists(file)) return;
  if (snapshot_bytes_ + source.size() > kSnapshotBytesMax) {
    throw Fault(fmt::format("this session's snapshots have reached {} MB: nothing more is kept",
                            kSnapshotBytesMax >> 20));
  }
  write_durably(file, source);
  snapshot_bytes_ += source.size();
}

/// Nothing was written since the last verdict, or at all.
bool Host::untouched() const {
  const AttemptText attempt = read_attempt(setup_.folder.workspace(), setup_.kata.attempt_name());
  if (session_.snapshots.empty()) {
    return attempt.source == read_text_file(setup_.folder.starter(), kAttemptBytesMax);
  }
  const std::string& last = session_.snapshots.back().hash;
  const bool judged = !session_.verdicts.empty() && session_.verdicts.back().hash == last;
  return judged && attempt.accepted() && sha256(attempt.source) == last;
}

Host::Snapshot Host::kept_snapshot(const std::string& hash) const {
  return {hash, read_text_file(setup_.folder.snapshot(hash), kAttemptBytesMax), "", false};
}

}  // namespace unaided
