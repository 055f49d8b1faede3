// The rules of a proven kata. A check earns its place by killing a mutant that the other checks'
// authors could have written; a mutant that only crashes proves nothing about what checks compare.
#include "verification.h"

#include <fmt/format.h>

#include <algorithm>

#include "drill.h"
#include "fault.h"
#include "render.h"

namespace unaided {
namespace {

using Kind = Trial::Kind;

constexpr int kExamplesMin = 2;
constexpr int kBlindMutantsMin = 2;

bool overlap(const LevelSpan& a, const LevelSpan& b) {
  return a.first <= b.last && b.first <= a.last;
}

LevelSpan common(const LevelSpan& a, const LevelSpan& b) {
  return {std::max(a.first, b.first), std::min(a.last, b.last)};
}

std::string key_of(const CheckName& check) {
  return check.behaviour + "." + check.name;
}

/// "A.B, C.D and 3 more".
std::string name_some(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
  return text;
}

std::vector<std::string> checks_with(const GradeReport& report, bool passed) {
  std::vector<std::string> names;
  for (const CheckVerdict& verdict : report.checks) {
    if ((verdict.outcome == Outcome::kPassed) == passed) names.push_back(key_of(verdict.check));
  }
  return names;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

/// Why a report is not a pass, in one line.
std::string shortfall(const GradeReport& report) {
  const std::string_view label = outcome_row(report.outcome).label;
  if (report.checks.empty()) return fmt::format("{}: {}", label, first_line(report.message));
  return fmt::format("{} fails", name_some(checks_with(report, /*passed=*/false)));
}

Problem not_judged(const TrialResult& result) {
  return {"fault",
          fmt::format("{} was not judged: {}", result.trial.name, shortfall(result.report))};
}

Problem refused(const TrialResult& result, std::string_view where) {
  const LevelSpan& levels = result.trial.levels;
  return {"refused",
          fmt::format("{} should pass {}{}, but {}", result.trial.name,
                      level_range(levels.first, levels.last), where, shortfall(result.report))};
}

/// Applies the rules to the results and collects problems.
class Judge {
 public:
  Judge(const KataMaterial& material, Verification& verification)
      : material_(material), verification_(verification) {}

  void run() {
    for (const TrialResult& result : verification_.results) judge_trial(result);
    if (!reference_passes()) return;  // there is nothing to compare the others with
    for (int level = verification_.levels.first; level <= verification_.levels.last; ++level) {
      judge_level(level);
    }
    for (const CheckName& check : verification_.checks) judge_check(check);
  }

 private:
  void complain(const char* id, std::string message) {
    verification_.problems.push_back({id, std::move(message)});
  }

  bool reference_passes() const {
    const std::vector<TrialResult>& results = verification_.results;
    return std::any_of(results.begin(), results.end(), [](const TrialResult& result) {
      return result.trial.kind == Kind::kReference && exit_code(result.report) == 0;
    });
  }

  void judge_trial(const TrialResult& result) {
    if (exit_code(result.report) == 2) {
      verification_.problems.push_back(not_judged(result));
      return;
    }
    switch (result.trial.kind) {
      case Kind::kReference:
      case Kind::kSolvedDrill:
      case Kind::kAlternate:
        return judge_solution(result);
      case Kind::kStarter:
        judge_starter(result);
        [[fallthrough]];
      case Kind::kDrill:
        return judge_unsolved(result);
      case Kind::kMutant:
        return judge_mutant(result);
    }
  }

  void judge_solution(const TrialResult& result) {
    if (exit_code(result.report) == 0) return;
    verification_.problems.push_back(refused(result, ""));
  }

  /// Fails honestly: it compiles, every check runs and each level has failures.
  void judge_unsolved(const TrialResult& result) {
    const GradeReport& report = result.report;
    if (report.checks.empty()) {
      complain("unsolved", fmt::format("{} should compile and fail its checks, but {}",
                                       result.trial.name, shortfall(report)));
      return;
    }
    for (int level = result.trial.levels.first; level <= result.trial.levels.last; ++level) {
      if (!report.level_passed(level)) continue;
      complain("unsolved", fmt::format("{} passes level {}", result.trial.name, level));
    }
  }

  void judge_starter(const TrialResult& result) {
    for (const std::string& check : checks_with(result.report, /*passed=*/true)) {
      complain("vacuous",
               fmt::format("{} passes with nothing written: it asks for nothing", check));
    }
  }

  void judge_mutant(const TrialResult& result) {
    const std::string& name = result.trial.name;
    const Outcome outcome = result.report.outcome;
    if (outcome == Outcome::kCompileError || outcome == Outcome::kMissingFunction) {
      complain("mutant", fmt::format("mutant {} must compile: {}", name, shortfall(result.report)));
      return;
    }
    if (outcome == Outcome::kPassed) {
      const std::string origin = result.trial.blind ? " (blind)" : "";
      complain("survivor",
               fmt::format("mutant {}{} survives every check of level {}: {}", name, origin,
                           result.trial.levels.first, first_line(result.trial.description)));
      return;
    }
    if (!killed_properly(result)) {
      complain("crash", fmt::format("mutant {} dies only by crashing", name));
    }
  }

  void judge_level(int level) {
    const auto is_example = [level](const CheckName& check) {
      return check.level == level && check.example;
    };
    const std::vector<CheckName>& checks = verification_.checks;
    const auto examples = std::count_if(checks.begin(), checks.end(), is_example);
    require_count(level, examples, kExamplesMin, "examples");
    require_count(level, count_mutants(level, /*blind_only=*/false), kMutantsMin, "mutants");
    require_count(level, count_mutants(level, /*blind_only=*/true), kBlindMutantsMin,
                  "blind mutants (written without seeing the checks)");
    const auto covers = [level](const Alternate& alternate) {
      return alternate.first_level <= level && level <= alternate.last_level;
    };
    const std::vector<Alternate>& alternates = material_.alternates;
    require_count(level, std::count_if(alternates.begin(), alternates.end(), covers),
                  kAlternatesMin, "alternates");
  }

  void require_count(int level, std::ptrdiff_t count, int min, std::string_view what) {
    if (count >= min) return;
    complain("count", fmt::format("level {} has {} of the {} {} that are asked for", level, count,
                                  min, what));
  }

  std::ptrdiff_t count_mutants(int level, bool blind_only) const {
    const auto belongs = [level, blind_only](const Mutant& mutant) {
      return mutant.level == level && (mutant.blind || !blind_only);
    };
    return std::count_if(material_.mutants.begin(), material_.mutants.end(), belongs);
  }

  void judge_check(const CheckName& check) {
    if (check.example) return;
    for (const TrialResult& result : verification_.results) {
      if (result.trial.kind != Kind::kMutant) continue;
      for (const CheckVerdict& kill : kills(result)) {
        if (kill.check == check) return;
      }
    }
    complain("idle", fmt::format("{} (level {}) kills no mutant: write the bug it is there for, or "
                                 "drop it",
                                 key_of(check), check.level));
  }

  const KataMaterial& material_;
  Verification& verification_;
};

/// Trials of one level's drill, unless a region is missing.
void plan_drill(const KataMaterial& material, int level, std::vector<Trial>& trials) {
  Trial drill;
  drill.levels = {level, level};
  drill.kind = Kind::kDrill;
  drill.name = fmt::format("the drill of level {}", level);
  try {
    drill.source = drill_source(material.starter, material.reference, level);
  } catch (const Fault&) {
    return;
  }
  trials.push_back(drill);
  drill.kind = Kind::kSolvedDrill;
  drill.name += " with the reference's solution";
  drill.source = solved_levels(material.reference, level);
  trials.push_back(drill);
}

}  // namespace

bool is_solution(Trial::Kind kind) {
  return kind == Kind::kReference || kind == Kind::kSolvedDrill || kind == Kind::kAlternate;
}

std::vector<Trial> plan_trials(const KataMaterial& material, const LevelSpan& levels) {
  std::vector<Trial> trials;
  trials.push_back(
      {Kind::kReference, "the reference", "", /*blind=*/false, levels, material.reference});
  trials.push_back({Kind::kStarter, "the starter", "", /*blind=*/false, levels, material.starter});
  for (int level = levels.first; level <= levels.last; ++level) plan_drill(material, level, trials);
  for (const Alternate& alternate : material.alternates) {
    const LevelSpan span = {alternate.first_level, alternate.last_level};
    if (!overlap(span, levels)) continue;
    trials.push_back({Kind::kAlternate, "alternate " + alternate.name, "", /*blind=*/false,
                      common(span, levels), alternate.source});
  }
  for (const Mutant& mutant : material.mutants) {
    const LevelSpan span = {mutant.level, mutant.level};
    if (!overlap(span, levels)) continue;
    trials.push_back(
        {Kind::kMutant, mutant.name, mutant.description, mutant.blind, span, mutant.source});
  }
  return trials;
}

Verification judge(const KataMaterial& material, const LevelSpan& levels,
                   std::vector<TrialResult> results) {
  Verification verification;
  verification.kata = material.kata.id;
  verification.levels = levels;
  verification.problems = material.problems;
  verification.results = std::move(results);
  for (const TrialResult& result : verification.results) {
    if (result.trial.kind != Kind::kReference) continue;
    verification.device = result.report.device;
    for (const CheckVerdict& verdict : result.report.checks) {
      verification.checks.push_back(verdict.check);
    }
  }
  Judge(material, verification).run();
  return verification;
}

void judge_on_card(std::vector<TrialResult> results, Verification& verification) {
  for (const TrialResult& result : results) {
    const int code = exit_code(result.report);
    if (code == 2) verification.problems.push_back(not_judged(result));
    if (code == 1 && is_solution(result.trial.kind)) {
      verification.problems.push_back(refused(result, " on the card"));
    }
  }
  verification.on_card = std::move(results);
}

std::vector<CheckVerdict> kills(const TrialResult& mutant) {
  std::vector<CheckVerdict> killers;
  for (const CheckVerdict& verdict : mutant.report.checks) {
    const bool own = verdict.check.level == mutant.trial.levels.first;
    if (own && outcome_row(verdict.outcome).exit_code == 1) killers.push_back(verdict);
  }
  return killers;
}

bool killed_properly(const TrialResult& mutant) {
  if (mutant.report.checks.empty()) return mutant.report.outcome == Outcome::kForbiddenCall;
  const std::vector<CheckVerdict> killers = kills(mutant);
  return std::any_of(killers.begin(), killers.end(),
                     [](const CheckVerdict& kill) { return kill.outcome != Outcome::kCrashed; });
}

}  // namespace unaided
