#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"
#include "kata.h"

namespace unaided {

/// The rules of one format. Formats differ in this table, never in branches.
struct FormatRow {
  std::string_view id;
  std::string_view summary;
  bool one_level;            // one level with those below it given; else all of the kata's
  double par_factor;         // time allowed: the sum of the levels' pars times this
  bool shows_output;         // the attempt's own output, for hidden checks too
  bool passing_submit_ends;  // a submit that passes everything is the end of the session
};

std::span<const FormatRow> format_rows();
/// Throws Fault for an unknown format.
const FormatRow& format_row(std::string_view id);

/// The time that `format` allows for these levels of `kata`.
std::int64_t allowed_ms(const FormatRow& format, const Kata& kata, int first_level, int last_level);

enum class Phase { kNew, kRunning, kFinished, kAbandoned };
std::string_view phase_id(Phase phase);

/// The state of a session: what its events so far add up to.
struct Session {
  Phase phase = Phase::kNew;
  Created created;
  Toolchain toolchain;  // in use now
  std::vector<SnapshotTaken> snapshots;
  std::vector<Submitted> submits;
  std::string open_submit;  // hash of a submit whose verdict has not come (yet), else empty
  std::vector<VerdictReached> verdicts;
  std::vector<Late> late;
  int resumes = 0;
  std::optional<Moment> ended_at;
  std::optional<Finished> finished;
};

/// The state after `event`. Pure. Throws Fault for an event that cannot follow.
Session apply(Session session, const Event& event);

/// A save reaches its snapshot within this time; the last one of a session may need it.
inline constexpr std::int64_t kDeadlineGraceMs = 250;

/// The moment of the snapshot decides, whenever its verdict comes.
bool is_late(const Session& session, const Moment& snapshot_at);

/// Time left at `now`; nothing when the session has no deadline.
std::optional<Elapsed> time_left(const Session& session, const Moment& now);

/// The snapshot that a deadline judges: the last one in time.
std::optional<std::string> counting_snapshot(const Session& session);

/// Finished with everything that was asked for passed.
bool passed(const Session& session);

}  // namespace unaided
