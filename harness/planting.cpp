// Every mutant alone is known to die by a hidden check (`dev verify`), but a checkout may have been
// changed since, and two bugs may hide each other: so what was planted is judged before the clock
// starts.
#include "planting.h"

#include <fmt/format.h>

#include <algorithm>

#include "fault.h"
#include "patch.h"

namespace unaided {
namespace {

constexpr int kTriesMax = 8;

/// A patch that changes an earlier place moves the lines of the later one, so that one order of two
/// may apply where the other does not. Empty when neither does.
std::string with_all(const std::string& reference, std::vector<const Mutant*> mutants) {
  std::sort(mutants.begin(), mutants.end());
  do {
    try {
      std::string source = reference;
      for (const Mutant* mutant : mutants) source = apply_patch(source, mutant->diff);
      return source;
    } catch (const Fault&) {
      continue;  // this order does not apply
    }
  } while (std::next_permutation(mutants.begin(), mutants.end()));
  return "";
}

bool falls_short(const GradeReport& report) {
  if (report.outcome == Outcome::kFault) throw Fault(report.message);
  return !report.checks.empty() && exit_code(report) == 1;
}

}  // namespace

Planted plant_bugs(const KataMaterial& material, int level, int bugs, const PlantedJudge& judge,
                   std::mt19937_64& random) {
  std::vector<const Mutant*> mutants;
  for (const Mutant& mutant : material.mutants) {
    if (mutant.level == level) mutants.push_back(&mutant);
  }
  const bool enough = static_cast<int>(mutants.size()) >= bugs;
  for (int tries = 0; enough && tries < kTriesMax; ++tries) {
    std::shuffle(mutants.begin(), mutants.end(), random);
    const std::vector<const Mutant*> chosen(mutants.begin(), mutants.begin() + bugs);
    const std::string source = solved_levels(with_all(material.reference, chosen), level);
    if (source.empty() || !falls_short(judge(source))) continue;
    Planted planted{source, {}};
    for (const Mutant* mutant : chosen) planted.mutants.push_back(mutant->name);
    return planted;
  }
  throw Fault(fmt::format("{} has no {} to plant in level {}: try another level", material.kata.id,
                          bugs == 1 ? "bug" : "bugs that go together", level));
}

}  // namespace unaided
