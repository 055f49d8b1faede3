#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event.h"

namespace unaided {

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
  std::vector<Unlocked> unlocks;
  int open_level = 0;  // the highest level that is shown and judged
  int hints = 0;       // given so far
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

/// The latest submit's verdict; null when there was none.
const VerdictReached* last_submit(const Session& session);

/// The latest verdict on that snapshot; null when there is none.
const VerdictReached* latest_verdict(const Session& session, const std::string& hash);

/// The verdict that a session which ends now has: the better of the latest submit's and that on the
/// last save, the submit's when they are equal. Null when nothing was judged with all checks.
const VerdictReached* counting_verdict(const Session& session);

/// The hash of the attempt that a session which ends now leaves: that of counting_verdict(), else
/// the last save in time; nothing when nothing was saved.
std::optional<std::string> counting_attempt(const Session& session);

/// Finished with everything that was asked for passed.
bool passed(const Session& session);

}  // namespace unaided
