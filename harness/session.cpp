// The state machine of a session: no clock, no files, so that the journal alone decides and a
// replay of any prefix gives the state that the host had at that point.
#include "session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "fault.h"
#include "format.h"

namespace unaided {
namespace {

constexpr std::array<std::string_view, 4> kPhaseIds = {"new", "running", "finished", "abandoned"};

void require_phase(const Session& session, Phase phase, std::string_view event) {
  if (session.phase == phase) return;
  throw Fault(
      fmt::format("{} cannot happen in a session that is {}", event, phase_id(session.phase)));
}

void require_snapshot(const Session& session, const std::string& hash, std::string_view event) {
  for (const SnapshotTaken& snapshot : session.snapshots) {
    if (snapshot.hash == hash) return;
  }
  throw Fault(fmt::format("{} names a snapshot that was not taken: {}", event, hash));
}

void enter(Session& session, const Created& event) {
  require_phase(session, Phase::kNew, "created");
  format_row(event.format);
  session.phase = Phase::kRunning;
  session.created = event;
  const bool locked = format_row(event.format).levels == LevelRule::kUnlocked;
  session.open_level = locked ? event.first_level : event.last_level;
  session.toolchain = event.toolchain;
}

void enter(Session& session, const SnapshotTaken& event) {
  require_phase(session, Phase::kRunning, "a snapshot");
  if (is_late(session, event.at)) throw Fault("a snapshot after the deadline does not count");
  session.snapshots.push_back(event);
}

void enter(Session& session, const Late& event) {
  require_phase(session, Phase::kRunning, "a late snapshot");
  if (!is_late(session, event.at)) throw Fault("a snapshot before the deadline is not late");
  session.late.push_back(event);
}

void enter(Session& session, const Submitted& event) {
  require_phase(session, Phase::kRunning, "a submit");
  require_snapshot(session, event.hash, "a submit");
  session.submits.push_back(event);
  session.open_submit = event.hash;
}

void enter(Session& session, const VerdictReached& event) {
  require_phase(session, Phase::kRunning, "a verdict");
  require_snapshot(session, event.hash, "a verdict");
  session.verdicts.push_back(event);
  const bool answers = event.purpose == Purpose::kSubmit && event.hash == session.open_submit;
  if (answers) session.open_submit.clear();
}

void enter(Session& session, const Unlocked& event) {
  require_phase(session, Phase::kRunning, "unlocking");
  const bool next = event.level == session.open_level + 1;
  if (!next || event.level > session.created.last_level) {
    throw Fault(fmt::format("level {} cannot be unlocked now", event.level));
  }
  session.open_level = event.level;
  session.unlocks.push_back(event);
}

void enter(Session& session, const Hinted& event) {
  require_phase(session, Phase::kRunning, "a hint");
  if (event.number != session.hints + 1) throw Fault("hints are given in order");
  session.hints = event.number;
}

void enter(Session& session, const Resumed&) {
  require_phase(session, Phase::kRunning, "resume");
  ++session.resumes;
}

void enter(Session& session, const ToolchainChanged& event) {
  require_phase(session, Phase::kRunning, "a change of the toolchain");
  session.toolchain = event.toolchain;
}

void enter(Session& session, const Abandoned& event) {
  require_phase(session, Phase::kRunning, "abandon");
  session.phase = Phase::kAbandoned;
  session.ended_at = event.at;
}

void enter(Session& session, const Finished& event) {
  require_phase(session, Phase::kRunning, "finish");
  if (!event.hash.empty()) require_snapshot(session, event.hash, "finish");
  session.phase = Phase::kFinished;
  session.ended_at = event.at;
  session.finished = event;
}

template <typename Predicate>
const VerdictReached* latest(const Session& session, Predicate meant) {
  const auto found = std::find_if(session.verdicts.rbegin(), session.verdicts.rend(), meant);
  return found == session.verdicts.rend() ? nullptr : &*found;
}

}  // namespace

std::string_view phase_id(Phase phase) {
  return kPhaseIds[static_cast<std::size_t>(phase)];
}

Session apply(Session session, const Event& event) {
  std::visit([&session](const auto& one) { enter(session, one); }, event);
  return session;
}

bool is_late(const Session& session, const Moment& snapshot_at) {
  const auto left = time_left(session, snapshot_at);
  return left && left->ms + kDeadlineGraceMs < 0;
}

std::optional<Elapsed> time_left(const Session& session, const Moment& now) {
  if (!session.created.deadline) return std::nullopt;
  return elapsed(now, *session.created.deadline);
}

std::optional<std::string> counting_snapshot(const Session& session) {
  if (session.snapshots.empty()) return std::nullopt;
  return session.snapshots.back().hash;
}

const VerdictReached* last_submit(const Session& session) {
  return latest(session,
                [](const VerdictReached& verdict) { return verdict.purpose == Purpose::kSubmit; });
}

const VerdictReached* latest_verdict(const Session& session, const std::string& hash) {
  return latest(session, [&hash](const VerdictReached& verdict) { return verdict.hash == hash; });
}

const VerdictReached* counting_verdict(const Session& session) {
  const VerdictReached* submitted = last_submit(session);
  const VerdictReached* last = session.verdicts.empty() ? nullptr : &session.verdicts.back();
  if (last == nullptr || !is_final(last->purpose)) return submitted;
  if (submitted == nullptr) return last;
  const auto worth = [](const VerdictReached& verdict) {
    return std::pair(verdict.points, verdict.tally.passed);
  };
  return worth(*last) > worth(*submitted) ? last : submitted;
}

std::optional<std::string> counting_attempt(const Session& session) {
  if (const VerdictReached* counting = counting_verdict(session)) return counting->hash;
  return counting_snapshot(session);
}

bool passed(const Session& session) {
  return session.finished && session.finished->outcome == Outcome::kPassed;
}

}  // namespace unaided
