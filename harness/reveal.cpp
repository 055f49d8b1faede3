// What the host sends to a candidate passes through here: what is cut here has never left the
// host's process, so no client can show it.
#include "reveal.h"

#include <algorithm>

namespace unaided {
namespace {

void remove_words(CheckVerdict& verdict) {
  verdict.message.clear();
  verdict.output.clear();
}

/// Which check it was shows in neither name, order nor figures.
CheckVerdict nameless(const CheckVerdict& verdict) {
  CheckVerdict counted;
  counted.check.level = verdict.check.level;
  const int exit_code = outcome_row(verdict.outcome).exit_code;
  counted.outcome = exit_code == 1 ? Outcome::kWrong : verdict.outcome;
  return counted;
}

void keep_counts(std::vector<CheckVerdict>& checks) {
  for (CheckVerdict& verdict : checks) verdict = nameless(verdict);
  std::stable_sort(checks.begin(), checks.end(), [](const CheckVerdict& a, const CheckVerdict& b) {
    if (a.check.level != b.check.level) return a.check.level < b.check.level;
    return a.outcome == Outcome::kPassed && b.outcome != Outcome::kPassed;
  });
}

}  // namespace

GradeReport revealed(GradeReport report, Reveal reveal) {
  report.told = reveal;
  if (reveal == Reveal::kMessages || report.checks.empty()) return report;
  report.sanitizer.reset();  // it watched hidden checks, too
  if (reveal == Reveal::kCounts) {
    keep_counts(report.checks);
  } else {
    std::vector<CheckVerdict> told;
    for (CheckVerdict& verdict : report.checks) {
      if (auto part = revealed(std::move(verdict), reveal)) told.push_back(std::move(*part));
    }
    report.checks = std::move(told);
  }
  settle_outcome(report);
  return report;
}

std::optional<CheckVerdict> revealed(CheckVerdict verdict, Reveal reveal) {
  if (reveal == Reveal::kCounts) return std::nullopt;
  if (reveal == Reveal::kExamples && !verdict.check.example) return std::nullopt;
  if (reveal == Reveal::kNames) remove_words(verdict);
  return verdict;
}

bool is_nameless(const CheckName& check) {
  return check.name.empty();
}

}  // namespace unaided
