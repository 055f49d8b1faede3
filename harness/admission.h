#pragma once

#include <string>
#include <vector>

#include "compiler.h"
#include "grader.h"
#include "symbols.h"

namespace unaided {

/// Whether a built attempt may meet its checks: what its build and its symbols tell.
class Admission {
 public:
  /// Reads what the kata's checks ask for from their objects.
  Admission(const Installation& installation, const Kata& kata);

  /// True when there is something to judge: the report's last level is then the highest that can
  /// be, and its message says what the next one lacks. False fills in outcome and message.
  bool admit(const GradeRequest& request, const Build& build, GradeReport& report) const;

 private:
  std::string missing_sentence(int level, const ObjectSymbols& attempt) const;
  bool defines_enough(const GradeRequest& request, const ObjectSymbols& attempt,
                      GradeReport& report) const;

  std::string attempt_name_;
  std::vector<std::string> forbidden_;
  std::vector<ObjectSymbols> asked_;  // by level: what its checks leave undefined
};

}  // namespace unaided
