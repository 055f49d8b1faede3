#pragma once

#include <string>

#include "terminal.h"
#include "verdict.h"

namespace unaided {

/// What a report's reader can do next: differs between commands, so the command says it.
struct ReportView {
  /// A command that grades the same attempt; " --seed N" is put after it. Empty: not offered.
  std::string replay_command;
  /// One line for an attempt that passed, and one for an attempt that fell short. May be empty.
  std::string next_when_passed;
  std::string next_when_failed;
  /// Failures of the lowest level that fails which are shown with their messages; its others are
  /// named, those of later levels counted. 0 shows everything, messages whole.
  int failures_max = 4;
  /// A command that shows everything. Empty: not offered.
  std::string full_command;
};

/// A report as a screen of text that ends with a newline: the verdict first, then failures by
/// behaviour, what the outcomes mean, which limits were not held, what to do next. What an
/// attempt could have written is stripped of control characters.
std::string render_report(const GradeReport& report, const ReportView& view,
                          const Terminal& terminal);

/// The first line of render_report(), without a newline: for a status line or a list.
std::string render_headline(const GradeReport& report, const Terminal& terminal);

/// One line, without a newline, for a check that has just ended: "✓ Scale.IsTheInverseRoot".
std::string render_check(const CheckVerdict& verdict, const Terminal& terminal);

/// "level 2" or "levels 1-3".
std::string level_range(int first_level, int last_level);

/// "✓", "✗", or "?" where nothing is known about the attempt.
std::string_view outcome_symbol(Outcome outcome, const Terminal& terminal);

}  // namespace unaided
