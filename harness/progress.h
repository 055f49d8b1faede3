#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "practice.h"
#include "terminal.h"

namespace unaided {

/// How one level went over all of its tries. Times are those to the first save that passed.
struct LevelProgress {
  LevelStanding standing;
  int par_minutes = 0;
  int passes = 0;
  std::vector<std::optional<std::int64_t>> pass_ms;  // a try each, the oldest first; empty: failed
  std::optional<std::int64_t> best_ms;
  std::optional<std::int64_t> last_ms;  // of the last pass
  std::optional<std::int64_t> median_ms;
  std::optional<std::int64_t> trend_ms;  // the last pass less the median of those before it
};

/// One for each level of `katas`, in their order. Pure.
std::vector<LevelProgress> level_progress(const std::vector<Kata>& katas,
                                          const std::vector<LevelTry>& tries);

/// A table: a line a level, with a bar for each of the last tries.
std::string render_progress(const std::vector<LevelProgress>& levels, Day today,
                            const Terminal& terminal);

/// {"schema": 1, "levels": [{"kata", "level", "par_minutes", "tries", "passes", "passed": last
///  time, "best_ms", "last_ms", "median_ms", "trend_ms": null where there is none,
///  "pass_ms": [ms or null, ..], "last": day or null, "due": day or null, "interval_days"}, ..]}
nlohmann::json progress_to_json(const std::vector<LevelProgress>& levels);

/// A bar for each value, the highest for the largest; a mark for those that are missing. At most
/// `columns`, the last ones.
std::string sparkline(const std::vector<std::optional<std::int64_t>>& values, std::size_t columns,
                      const Terminal& terminal);

}  // namespace unaided
