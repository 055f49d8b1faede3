#pragma once

#include <span>
#include <string>
#include <vector>

#include "verdict.h"

namespace unaided {

/// What one level of an attempt is worth.
struct LevelScore {
  int level = 0;
  int behaviours_passed = 0;
  int behaviours = 0;  // 0 for a level that was not judged
  double points = 0;
  int points_max = 0;
};

/// The levels of `report` by `points_max` (of level 1, 2, …): a level's points are the share of its
/// named behaviours all of whose checks passed. Levels without points are left out, so that a
/// format that scores nothing has no scores.
std::vector<LevelScore> level_scores(const GradeReport& report, std::span<const int> points_max);

/// Their sum.
double total_points(std::span<const LevelScore> scores);

/// A behaviour some of whose checks failed.
struct FailedBehaviour {
  int level = 0;
  std::string behaviour;
  int failed = 0;  // of its checks
  int checks = 0;
  double points_lost = 0;  // of its level's points; of 100 where nothing is scored

  bool operator==(const FailedBehaviour&) const = default;
};

/// The failed behaviours of `report`: the one that lost most points first, then the one with more
/// failed checks, then the one of the lower level. Empty when no check ran.
std::vector<FailedBehaviour> failed_behaviours(const GradeReport& report,
                                               std::span<const int> points_max);

}  // namespace unaided
