#include "scoring.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace unaided {
namespace {

constexpr int kUnscoredPoints = 100;

int worth(std::span<const int> points_max, int level) {
  const auto index = static_cast<std::size_t>(level - 1);
  return index < points_max.size() && points_max[index] > 0 ? points_max[index] : kUnscoredPoints;
}

}  // namespace

std::vector<LevelScore> level_scores(const GradeReport& report, std::span<const int> points_max) {
  std::vector<LevelScore> scores;
  int level = 0;
  for (const int points : points_max) {
    ++level;
    if (points == 0) continue;
    std::map<std::string, bool> behaviours;
    for (const CheckVerdict& verdict : report.checks) {
      if (verdict.check.level != level) continue;
      const auto [behaviour, fresh] = behaviours.try_emplace(verdict.check.behaviour, true);
      behaviour->second = behaviour->second && verdict.outcome == Outcome::kPassed;
    }
    LevelScore score{level, 0, static_cast<int>(behaviours.size()), 0, points};
    for (const auto& [name, passed] : behaviours) score.behaviours_passed += passed ? 1 : 0;
    if (score.behaviours > 0)
      score.points = 1.0 * points * score.behaviours_passed / score.behaviours;
    scores.push_back(score);
  }
  return scores;
}

double total_points(std::span<const LevelScore> scores) {
  double points = 0;
  for (const LevelScore& score : scores) points += score.points;
  return points;
}

std::vector<FailedBehaviour> failed_behaviours(const GradeReport& report,
                                               std::span<const int> points_max) {
  std::map<int, std::map<std::string, FailedBehaviour>> levels;
  for (const CheckVerdict& verdict : report.checks) {
    FailedBehaviour& one = levels[verdict.check.level][verdict.check.behaviour];
    one.level = verdict.check.level;
    one.behaviour = verdict.check.behaviour;
    one.failed += verdict.outcome == Outcome::kPassed ? 0 : 1;
    ++one.checks;
  }
  std::vector<FailedBehaviour> failed;
  for (auto& [level, behaviours] : levels) {
    const double share = 1.0 * worth(points_max, level) / static_cast<double>(behaviours.size());
    for (auto& [name, one] : behaviours) {
      one.points_lost = share;
      if (one.failed > 0) failed.push_back(one);
    }
  }
  std::stable_sort(failed.begin(), failed.end(),
                   [](const FailedBehaviour& a, const FailedBehaviour& b) {
                     return std::tuple(-a.points_lost, -a.failed, a.level) <
                            std::tuple(-b.points_lost, -b.failed, b.level);
                   });
  return failed;
}

}  // namespace unaided
