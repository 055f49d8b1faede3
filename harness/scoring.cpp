#include "scoring.h"

#include <map>
#include <string>

namespace unaided {

std::vector<LevelScore> level_scores(const GradeReport& report, std::span<const int> points_max) {
  std::vector<LevelScore> scores;
  int level = 0;
  for (const int worth : points_max) {
    ++level;
    if (worth == 0) continue;
    std::map<std::string, bool> behaviours;
    for (const CheckVerdict& verdict : report.checks) {
      if (verdict.check.level != level) continue;
      const auto [behaviour, fresh] = behaviours.try_emplace(verdict.check.behaviour, true);
      behaviour->second = behaviour->second && verdict.outcome == Outcome::kPassed;
    }
    LevelScore score{level, 0, static_cast<int>(behaviours.size()), 0, worth};
    for (const auto& [name, passed] : behaviours) score.behaviours_passed += passed ? 1 : 0;
    if (score.behaviours > 0)
      score.points = 1.0 * worth * score.behaviours_passed / score.behaviours;
    scores.push_back(score);
  }
  return scores;
}

double total_points(std::span<const LevelScore> scores) {
  double points = 0;
  for (const LevelScore& score : scores) points += score.points;
  return points;
}

}  // namespace unaided
