#include "failure_patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fault.h"
#include "text_file.h"

namespace unaided {
namespace {

using nlohmann::json;

constexpr std::size_t kPatternsBytesMax = 4'000'000;
constexpr std::size_t kTooMany = 2;  // a mutant fails at most so many times the checks in question

std::filesystem::path patterns_file(const Kata& kata) {
  return kata.reference_folder() / kPatternsName;
}

bool is_of_level(const std::string& mutant, int level) {
  return mutant.starts_with(fmt::format("level{}_", level));
}

}  // namespace

FailurePatterns patterns_of(const Verification& verification) {
  FailurePatterns patterns;
  for (const TrialResult& result : verification.results) {
    if (result.trial.kind != Trial::Kind::kMutant) continue;
    patterns[result.trial.name] = wrong_checks(result.report, result.trial.levels.first);
  }
  return patterns;
}

FailurePatterns read_patterns(const Kata& kata) {
  const std::filesystem::path file = patterns_file(kata);
  if (!std::filesystem::exists(file)) return {};
  try {
    return json::parse(read_text_file(file, kPatternsBytesMax)).get<FailurePatterns>();
  } catch (const json::exception& error) {
    throw Fault(fmt::format("{} is malformed ({}): `dev verify {} --write-patterns` makes it anew",
                            file.string(), error.what(), kata.id));
  }
}

std::string patterns_text(const FailurePatterns& patterns) {
  std::string text;
  for (const auto& [mutant, checks] : patterns) {
    text += fmt::format("{}  {}: {}", text.empty() ? "" : ",\n", json(mutant).dump(),
                        json(checks).dump());
  }
  return "{\n" + text + "\n}\n";
}

std::vector<Problem> stale_patterns(const FailurePatterns& known, const Verification& verification,
                                    const KataMaterial& material) {
  if (known.empty()) return {};
  std::set<std::string> stale;
  for (const auto& [mutant, checks] : patterns_of(verification)) {
    const auto found = known.find(mutant);
    if (found == known.end() || found->second != checks) stale.insert(mutant);
  }
  for (const auto& [mutant, checks] : known) {
    if (!find_mutant(material, mutant)) stale.insert(mutant);
  }
  if (stale.empty()) return {};
  return {{"patterns",
           fmt::format("{} is not what mutants do now ({}): `dev verify {} --write-patterns`",
                       kPatternsName, fmt::join(stale, ", "), material.kata.id)}};
}

std::optional<std::string> matching_mutant(const FailurePatterns& patterns, int level,
                                           const std::set<std::string>& failed) {
  if (failed.empty()) return std::nullopt;
  std::optional<std::string> best;
  std::size_t fewest = kTooMany * failed.size() + 1;  // one more than is allowed
  for (const auto& [mutant, checks] : patterns) {
    const bool covers = std::includes(checks.begin(), checks.end(), failed.begin(), failed.end());
    if (!is_of_level(mutant, level) || !covers || checks.size() > fewest) continue;
    if (checks.size() == fewest) best.reset();
    if (checks.size() < fewest) best = mutant;
    fewest = checks.size();
  }
  return best;
}

std::set<std::string> wrong_checks(const GradeReport& report, int level) {
  std::set<std::string> checks;
  for (const CheckVerdict& verdict : report.checks) {
    const bool wrong = verdict.check.level == level && verdict.outcome == Outcome::kWrong;
    if (wrong) checks.insert(verdict.check.behaviour + "." + verdict.check.name);
  }
  return checks;
}

}  // namespace unaided
