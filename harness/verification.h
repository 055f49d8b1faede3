#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kata_material.h"
#include "level_span.h"
#include "verdict.h"

namespace unaided {

/// One attempt that `dev verify` grades, and on which levels.
struct Trial {
  enum class Kind { kReference, kStarter, kDrill, kSolvedDrill, kMutant, kAlternate };
  Kind kind = Kind::kReference;
  std::string name;         // a mutant's or alternate's; "drill of level 2"
  std::string description;  // a mutant's
  bool blind = false;       // a mutant's
  LevelSpan levels;
  std::string source;
};

struct TrialResult {
  Trial trial;
  GradeReport report;
};

/// Whether such a trial must pass.
bool is_solution(Trial::Kind kind);

/// What was found out about a kata; it is proven when no problem is left.
struct Verification {
  std::string kata;
  LevelSpan levels;
  std::vector<CheckName> checks;  // in the order of the reference's report
  std::vector<TrialResult> results;
  std::vector<Problem> problems;
  std::string device = {};  // as in the reference's report
  /// Solutions and mutants once more on a card. Mutants that only the emulated device sees, such as
  /// most races, may live there.
  std::vector<TrialResult> on_card = {};
};

/// The reference first, so that the others can be spared when it fails. Levels outside `levels`
/// are left out, and so are trials of none of them. A source that lacks regions plans no trial:
/// read_kata_material() has complained.
std::vector<Trial> plan_trials(const KataMaterial& material, const LevelSpan& levels);

/// Pure judgement: the files' own problems, and those that the results show.
Verification judge(const KataMaterial& material, const LevelSpan& levels,
                   std::vector<TrialResult> results);

/// Adds what ran on a card: solutions must pass there, too.
void judge_on_card(std::vector<TrialResult> results, Verification& verification);

/// Checks of its own level that tell this mutant from the reference.
std::vector<CheckVerdict> kills(const TrialResult& mutant);

/// Killed, by something else than crashing.
bool killed_properly(const TrialResult& mutant);

}  // namespace unaided
