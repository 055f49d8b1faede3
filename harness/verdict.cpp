#include "verdict.h"

#include <algorithm>
#include <array>

#include "fault.h"

namespace unaided {
namespace {

/// In the order of the enumeration.
constexpr std::array<std::string_view, 4> kRevealIds = {"examples", "counts", "names",
                                                        "everything"};

constexpr std::string_view kGreen = "32";
constexpr std::string_view kRed = "31";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kMagenta = "35";

/// In the order of the enumeration.
constexpr OutcomeRow kOutcomeRows[] = {
    {Outcome::kPassed, "passed", "passed", "Everything that was asked for passed.", 0, kGreen},
    {Outcome::kWrong, "wrong", "wrong",
     "The attempt did something other than the contract says: compare expected with got, for the "
     "input shown.",
     1, kRed},
    {Outcome::kCompileError, "compile_error", "compile error",
     "The compiler refused the attempt. Mend the first error: later ones often follow from it.", 1,
     kRed},
    {Outcome::kMissingFunction, "missing_function", "missing function",
     "The contract declares a function that the attempt does not define. Define it in namespace "
     "kata, with exactly the declared parameters.",
     1, kRed},
    {Outcome::kForbiddenCall, "forbidden_call", "forbidden call",
     "The attempt uses what the contract forbids. Write that part yourself.", 1, kRed},
    {Outcome::kTimeLimit, "time_limit", "time limit",
     "The check took longer than its wall-clock limit. Look for a loop that does not end, a wait, "
     "or work that grows too fast with the input.",
     1, kYellow},
    {Outcome::kCpuLimit, "cpu_limit", "CPU limit",
     "The check used more processor time than its limit. Look for a loop that does not end, or "
     "work that grows too fast with the input.",
     1, kYellow},
    {Outcome::kMemoryLimit, "memory_limit", "memory limit",
     "The check used more memory than its limit. Look for copies of large tensors and containers "
     "that only grow.",
     1, kYellow},
    {Outcome::kOutputLimit, "output_limit", "output limit",
     "The attempt printed more than its limit. Print less, or look at values with the command "
     "'run' instead.",
     1, kYellow},
    {Outcome::kFileLimit, "file_limit", "file limit",
     "The attempt wrote a larger file than its limit. A kata needs no files.", 1, kYellow},
    {Outcome::kCrashed, "crashed", "crashed",
     "The attempt's process was ended by a signal. Look for an index out of range, a null or "
     "dangling pointer, or recursion without an end.",
     1, kRed},
    {Outcome::kIncompleteReport, "incomplete_report", "incomplete report",
     "The process ended before the check was over. Do not call exit, and leave descriptors alone "
     "that you did not open.",
     1, kRed},
    {Outcome::kLate, "late", "late",
     "The save came after the deadline. It is kept, and does not count.", 1, kYellow},
    {Outcome::kNotRun, "not_run", "not run",
     "It did not run, so nothing is known about it: a newer save or an interruption came first.", 2,
     kYellow},
    {Outcome::kFault, "fault", "fault",
     "The harness failed: not your code. Try again; if it stays, './unaided doctor' says what is "
     "missing.",
     2, kMagenta},
};

}  // namespace

std::span<const OutcomeRow> outcome_rows() {
  return kOutcomeRows;
}

const OutcomeRow& outcome_row(Outcome outcome) {
  for (const OutcomeRow& row : kOutcomeRows) {
    if (row.outcome == outcome) return row;
  }
  throw Fault("an outcome without a row in the outcome table");
}

std::optional<Outcome> outcome_from_id(std::string_view id) {
  for (const OutcomeRow& row : kOutcomeRows) {
    if (row.id == id) return row.outcome;
  }
  return std::nullopt;
}

std::string_view reveal_id(Reveal reveal) {
  return kRevealIds[static_cast<std::size_t>(reveal)];
}

std::optional<Reveal> reveal_from_id(std::string_view id) {
  const auto found = std::find(kRevealIds.begin(), kRevealIds.end(), id);
  if (found == kRevealIds.end()) return std::nullopt;
  return static_cast<Reveal>(found - kRevealIds.begin());
}

void settle_outcome(GradeReport& report) {
  const auto failed =
      std::find_if(report.checks.begin(), report.checks.end(),
                   [](const CheckVerdict& verdict) { return verdict.outcome != Outcome::kPassed; });
  const Outcome otherwise =
      report.last_level < report.asked_level ? Outcome::kMissingFunction : Outcome::kPassed;
  report.outcome = failed == report.checks.end() ? otherwise : failed->outcome;
}

int GradeReport::passed_count() const {
  const auto passed = [](const CheckVerdict& verdict) {
    return verdict.outcome == Outcome::kPassed;
  };
  return static_cast<int>(std::count_if(checks.begin(), checks.end(), passed));
}

bool GradeReport::level_passed(int level) const {
  int count = 0;
  for (const CheckVerdict& verdict : checks) {
    if (verdict.check.level != level) continue;
    if (verdict.outcome != Outcome::kPassed) return false;
    ++count;
  }
  return count > 0;
}

int exit_code(const GradeReport& report) {
  int code = outcome_row(report.outcome).exit_code;
  for (const CheckVerdict& verdict : report.checks) {
    code = std::max(code, outcome_row(verdict.outcome).exit_code);
  }
  const bool nothing_ran = code == 0 && report.checks.empty();
  return nothing_ran ? outcome_row(Outcome::kNotRun).exit_code : code;
}

}  // namespace unaided
