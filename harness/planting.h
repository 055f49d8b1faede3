#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "kata_material.h"
#include "verdict.h"

namespace unaided {

/// A solution with bugs in it, for somebody to find.
struct Planted {
  std::string source;
  std::vector<std::string> mutants;  // the bugs, by the names of the kata's mutants
};

inline constexpr int kPlantedBugsMax = 2;

/// What judges a solution that was tried.
using PlantedJudge = std::function<GradeReport(const std::string& source)>;

/// The reference up to `level` with `bugs` of that level's mutants in it, one that `judge` finds to
/// compile and to fall short. Throws Fault when the kata has none, or when `judge` reports one.
Planted plant_bugs(const KataMaterial& material, int level, int bugs, const PlantedJudge& judge,
                   std::mt19937_64& random);

}  // namespace unaided
