#include "admission.h"

#include "diagnostics.h"

namespace unaided {

namespace {

/// Of a build that gave nothing to judge; false where it gave something.
bool refuse_build(const GradeRequest& request, const Build& build, const std::string& attempt_name,
                  GradeReport& report) {
  switch (build.result) {
    case Build::Result::kBuilt:
      return false;
    case Build::Result::kCancelled:
      report.outcome = Outcome::kNotRun;
      report.message = "a newer save took its place";
      return true;
    case Build::Result::kRefused:
    case Build::Result::kLimit:
      break;
  }
  report.outcome = Outcome::kCompileError;
  report.message = request.full_diagnostics
                       ? build.diagnostics
                       : summarize_diagnostics(build.diagnostics, attempt_name);
  if (build.result == Build::Result::kLimit) {
    report.message =
        "the compiler took too long, too much memory or printed too much\n" + report.message;
  }
  return true;
}

}  // namespace

Admission::Admission(const Installation& installation, const Kata& kata)
    : attempt_name_(kata.attempt_name()), forbidden_(kata.forbidden) {
  for (const Level& level : kata.levels) {
    asked_.push_back(read_symbols(installation.checks_object(kata.id, level.number)));
  }
}

bool Admission::admit(const GradeRequest& request, const Build& build, GradeReport& report) const {
  if (refuse_build(request, build, attempt_name_, report)) return false;
  const ObjectSymbols attempt = read_symbols(build.object);
  const std::string forbidden = forbidden_symbol(attempt, forbidden_);
  if (!forbidden.empty()) {
    report.outcome = Outcome::kForbiddenCall;
    report.message = attempt_name_ + " refers to `" + forbidden + "`, which this kata forbids";
    return false;
  }
  if (defines_enough(request, attempt, report)) return true;
  report.outcome = Outcome::kMissingFunction;
  return false;
}

std::string Admission::missing_sentence(int level, const ObjectSymbols& attempt) const {
  const auto missing = missing_functions(asked_.at(static_cast<std::size_t>(level - 1)), attempt);
  if (missing.empty()) return {};
  return "level " + std::to_string(level) + " asks for `" + missing[0] + "`; " + attempt_name_ +
         " does not define it (the signature must be the contract's)";
}

bool Admission::defines_enough(const GradeRequest& request, const ObjectSymbols& attempt,
                               GradeReport& report) const {
  for (int level = request.first_level; level <= request.last_level; ++level) {
    report.message = missing_sentence(level, attempt);
    if (report.message.empty()) continue;
    if (!request.as_far_as_defined || level == request.first_level) return false;
    report.last_level = level - 1;
    return true;
  }
  return true;
}

}  // namespace unaided
