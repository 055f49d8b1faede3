#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scoring.h"
#include "session_store.h"
#include "verdict.h"

namespace unaided {

/// What one level of a session came to. Times count from the moment the level began: the session's
/// beginning, its unlocking, or the first pass of the level before.
struct LevelSummary {
  int level = 0;
  int passed = 0;  // checks, in the verdict that counts
  int checks = 0;  // 0 where the level was not judged
  double points = 0;
  int points_max = 0;                          // 0 in a format that scores nothing
  std::int64_t began_ms = 0;                   // since the session began
  std::optional<std::int64_t> reading_ms;      // to the first save
  std::optional<std::int64_t> first_check_ms;  // to the first save whose checks ran
  std::optional<std::int64_t> first_pass_ms;   // to the first save with which all that ran passed

  /// All of its checks passed in the verdict that counts.
  bool is_passed() const { return checks > 0 && passed == checks; }

  bool operator==(const LevelSummary&) const = default;
};

/// How fast an attempt was at one problem, as `debrief --bench` timed it beside LibTorch.
struct OwnTime {
  std::string kernel;
  std::string problem;  // "64x128256 f32, cold"
  std::string machine;  // times of one machine can be compared
  double time_s = 0;    // median
  double speed = 0;     // times LibTorch's, with its interval
  double speed_low = 0;
  double speed_high = 0;
  std::string standing;  // "FASTER", "SAME", ...

  bool operator==(const OwnTime&) const = default;
};

/// One session in short, for lists, trends and the choice of what to practise: a row of the index.
struct SessionSummary {
  std::string id;
  std::string kata;
  std::string format;  // a row of the format table
  Phase phase = Phase::kRunning;
  int first_level = 1;
  int last_level = 1;
  std::int64_t began_utc_ms = 0;
  std::int64_t duration_ms = 0;  // to the deadline at most; 0 while it runs
  Outcome outcome = Outcome::kNotRun;
  int passed = 0;  // checks, in the verdict that counts
  int checks = 0;
  double points = 0;
  int points_max = 0;  // 0 in a format that scores nothing
  bool sealed = false;
  std::string seal;  // "AI off: enforced", "UNSEALED", …, as it was when the session began
  int saves = 0;
  int check_runs = 0;  // by `check`; several at once of one text are one
  int submits = 0;
  int hints = 0;
  std::int64_t longest_gap_ms = 0;      // without a save, from beginning to end
  std::vector<LevelSummary> levels;     // that were judged or begun, the lowest first
  std::vector<FailedBehaviour> failed;  // the most costly first; none in an abandoned session
  std::vector<OwnTime> ladder;          // where it was timed; not from the journal

  /// Finished with everything that was asked for passed.
  bool is_passed() const { return phase == Phase::kFinished && outcome == Outcome::kPassed; }

  bool operator==(const SessionSummary&) const = default;
};

/// Gives the report in results/<name>.
using ReadReport = std::function<GradeReport(const std::string& name)>;

/// From the results/ of that folder.
ReadReport results_of(const SessionFolder& folder);

/// Pure but for `read`. Reads only the reports that are needed: the one that counts and, where
/// there are several levels, all. Throws Fault as `read` does.
SessionSummary summarize(const Session& session, const ReadReport& read);

/// When the text that `verdict` judged was saved, since the session began: that decides, not when
/// the verdict came.
std::int64_t saved_ms(const Session& session, const VerdictReached& verdict);

/// Whether it tells how the candidate does: finished, and solved rather than debugged.
bool counts_for_trends(const SessionSummary& summary);

}  // namespace unaided
