#include "disagreement.h"

#include <fmt/format.h>

#include <algorithm>

namespace unaided {
namespace {

std::string difference_of(const CheckVerdict& resident, const CheckVerdict& stock) {
  if (resident.check != stock.check) return "other checks ran";
  if (resident.outcome == stock.outcome) return {};
  return fmt::format("{}.{} is {} and {}", stock.check.behaviour, stock.check.name,
                     outcome_row(resident.outcome).id, outcome_row(stock.outcome).id);
}

std::string difference_of(const GradeReport& resident, const GradeReport& stock) {
  if (resident.outcome != stock.outcome) {
    return fmt::format("{} and {}", outcome_row(resident.outcome).id,
                       outcome_row(stock.outcome).id);
  }
  if (resident.message != stock.message) {
    return fmt::format("\"{}\" and \"{}\"", resident.message, stock.message);
  }
  if (resident.checks.size() != stock.checks.size()) return "other checks ran";
  for (std::size_t i = 0; i < stock.checks.size(); ++i) {
    const std::string difference = difference_of(resident.checks[i], stock.checks[i]);
    if (!difference.empty()) return difference;
  }
  return {};
}

}  // namespace

std::vector<Problem> disagreements(std::span<const TrialResult> resident,
                                   std::span<const TrialResult> stock) {
  std::vector<Problem> problems;
  for (std::size_t i = 0; i < std::min(resident.size(), stock.size()); ++i) {
    const std::string difference = difference_of(resident[i].report, stock[i].report);
    if (difference.empty()) continue;
    problems.push_back(
        {"disagreement", fmt::format("{}: the resident compiler and stock clang disagree: {}",
                                     stock[i].trial.name, difference)});
  }
  return problems;
}

std::string compiler_disagreement(Outcome on_save, Outcome of_record) {
  const bool saved = on_save != Outcome::kCompileError;
  const bool recorded = of_record != Outcome::kCompileError;
  if (saved == recorded || of_record == Outcome::kFault || of_record == Outcome::kNotRun) return "";
  const char* differs = saved ? "it compiled on the save, where the headers were read beforehand"
                              : "it did not compile on the save, where the headers were read "
                                "beforehand";
  return std::string("This is the compiler of record, clang started afresh; ") + differs +
         ". A macro before an include, a missing include or a template's specialisation after its "
         "use can do that.";
}

}  // namespace unaided
