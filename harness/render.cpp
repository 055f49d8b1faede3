#include "render.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "render_failures.h"
#include "sha256.h"
#include "text_layout.h"

namespace unaided {
namespace {

constexpr std::string_view kBold = "1";

struct Count {
  int passed = 0;
  int total = 0;
};

template <typename Predicate>
Count count_checks(const GradeReport& report, Predicate belongs) {
  Count count;
  for (const CheckVerdict& verdict : report.checks) {
    if (!belongs(verdict.check)) continue;
    ++count.total;
    if (verdict.outcome == Outcome::kPassed) ++count.passed;
  }
  return count;
}

bool examples_only(const GradeReport& report) {
  const auto is_example = [](const CheckVerdict& verdict) { return verdict.check.example; };
  return !report.checks.empty() &&
         std::all_of(report.checks.begin(), report.checks.end(), is_example);
}

/// "11 of 14 checks passed", and what the examples alone came to where that could mislead.
std::string counts(const GradeReport& report) {
  if (report.checks.empty()) return "no check ran";
  const int total = static_cast<int>(report.checks.size());
  std::string text = fmt::format("{} of {} checks passed", report.passed_count(), total);
  if (report.told == Reveal::kExamples)
    return text + "; hidden ones are told when the session ends";
  if (examples_only(report)) return text + "; the hidden ones were not asked for";
  const Count examples = count_checks(report, [](const CheckName& check) { return check.example; });
  const bool misleading =
      examples.total > 0 && examples.passed == examples.total && report.passed_count() < total;
  return misleading ? text + "; the examples pass, hidden checks do not" : text;
}

std::string level_lines(const GradeReport& report, const Terminal& terminal) {
  if (report.first_level == report.last_level || report.checks.empty()) return "";
  std::string lines;
  for (int level = report.first_level; level <= report.last_level; ++level) {
    const Count count =
        count_checks(report, [level](const CheckName& check) { return check.level == level; });
    const Outcome outcome = count.total == 0              ? Outcome::kNotRun
                            : count.passed == count.total ? Outcome::kPassed
                                                          : Outcome::kWrong;
    lines +=
        fmt::format("  {} level {}  {} of {}\n",
                    terminal.paint(outcome_row(outcome).colour, outcome_symbol(outcome, terminal)),
                    level, count.passed, count.total);
  }
  return lines;
}

/// What the outcomes mean, and what to do with the messages where there are any.
std::string sentences(const GradeReport& report, const Terminal& terminal) {
  const bool messages = report.told == Reveal::kMessages || report.told == Reveal::kExamples;
  if (!messages && !report.checks.empty()) return "";
  std::set<Outcome> outcomes;
  for (const CheckVerdict& verdict : report.checks) outcomes.insert(verdict.outcome);
  outcomes.insert(report.outcome);
  outcomes.erase(Outcome::kPassed);
  std::string text;
  for (const Outcome outcome : outcomes) {
    const OutcomeRow& row = outcome_row(outcome);
    const std::string sentence = fmt::format("{}: {}", row.label, row.sentence);
    const std::string lines = wrap(sentence, terminal.width - 2, /*indent=*/2);
    text += "  " + terminal.paint(row.colour, lines.substr(0, row.label.size())) +
            lines.substr(row.label.size()) + "\n";
  }
  return text.empty() ? "" : "\n" + text;
}

std::string sanitizer_lines(const GradeReport& report) {
  if (!report.sanitizer) return "";
  const SanitizerFindings& found = *report.sanitizer;
  const std::string count = found.errors == 0 ? (found.trouble.empty() ? "no errors" : "no result")
                            : found.errors == 1 ? "1 error"
                                                : fmt::format("{} errors", found.errors);
  return fmt::format("\n  compute-sanitizer, {}: {}\n{}", printable(found.tool), count,
                     indented(printable(found.text), "    ")) +
         (found.trouble.empty() ? "" : indented(printable("Not all: " + found.trouble), "    "));
}

std::string limit_lines(const GradeReport& report, const Terminal& terminal) {
  if (report.limits_not_held.empty()) return "";
  std::string list;
  for (const std::string& limit : report.limits_not_held) {
    list += (list.empty() ? "" : "; ") + limit;
  }
  const std::string text = wrap("Not held in this run: " + list, terminal.width - 2, /*indent=*/2);
  return "\n  " + terminal.paint(outcome_row(Outcome::kFault).colour, text) + "\n";
}

std::string next_lines(const GradeReport& report, const ReportView& view) {
  std::string text;
  const bool failed = exit_code(report) != 0;
  if (failed && !report.checks.empty() && !view.replay_command.empty() && report.seed != 0) {
    text +=
        fmt::format("  The same inputs again: {} --seed {}\n", view.replay_command, report.seed);
  }
  const bool more = report.told == Reveal::kMessages || report.checks.empty();
  if (failed && more && !view.full_command.empty()) {
    text += fmt::format("  All of it: {}\n", view.full_command);
  }
  const std::string& next = failed ? view.next_when_failed : view.next_when_passed;
  if (!next.empty()) text += fmt::format("  {}\n", next);
  return text.empty() ? "" : "\n" + text;
}

/// The outcome of the whole, never better than that of its checks.
Outcome overall(const GradeReport& report) {
  if (report.outcome != Outcome::kPassed || exit_code(report) == 0) return report.outcome;
  for (const CheckVerdict& verdict : report.checks) {
    if (verdict.outcome != Outcome::kPassed) return verdict.outcome;
  }
  return Outcome::kNotRun;
}

}  // namespace

std::string render_report(const GradeReport& report, const ReportView& view,
                          const Terminal& terminal) {
  std::string text = render_headline(report, terminal) + "\n";
  text += level_lines(report, terminal);
  if (!report.message.empty()) text += "\n" + indented(printable(report.message), "  ");
  text += render_failures(report, view, terminal);
  text += sentences(report, terminal);
  text += sanitizer_lines(report);
  text += limit_lines(report, terminal);
  text += next_lines(report, view);
  return text;
}

std::string render_headline(const GradeReport& report, const Terminal& terminal) {
  const OutcomeRow& row = outcome_row(overall(report));
  const std::string_view dot = terminal.symbols().dot;
  const bool examples_passed = row.outcome == Outcome::kPassed && examples_only(report);
  const std::string verdict = fmt::format("{} {}", outcome_symbol(row.outcome, terminal),
                                          examples_passed ? "examples passed" : row.label);
  std::string facts = fmt::format("{} {}", dot, counts(report));
  if (report.total_ms > 0) facts += fmt::format(" {} {:.2f} s", dot, report.total_ms / 1000);
  if (!report.device.empty()) {
    const bool emulated = report.device == kEmulatedDevice;
    facts += fmt::format(" {} {}", dot, emulated ? "EMULATED, no GPU" : printable(report.device));
  }
  if (!report.snapshot_hash.empty()) {
    facts += fmt::format(" {} snapshot {}", dot, short_hash(report.snapshot_hash));
  }
  const std::string bold_colour = fmt::format("{};{}", kBold, row.colour);
  return fmt::format("{}  {} {} {}", terminal.paint(bold_colour, verdict), report.kata,
                     level_range(report.first_level, report.last_level), facts);
}

std::string render_check(const CheckVerdict& verdict, const Terminal& terminal) {
  const OutcomeRow& row = outcome_row(verdict.outcome);
  std::string line =
      fmt::format("{} {}.{}", terminal.paint(row.colour, outcome_symbol(verdict.outcome, terminal)),
                  printable(verdict.check.behaviour), printable(verdict.check.name));
  const bool worth_saying =
      verdict.outcome != Outcome::kPassed && verdict.outcome != Outcome::kWrong;
  if (worth_saying) line += fmt::format(" ({})", row.label);
  return line;
}

std::string_view outcome_symbol(Outcome outcome, const Terminal& terminal) {
  const Symbols& set = terminal.symbols();
  if (outcome == Outcome::kPassed) return set.passed;
  return outcome_row(outcome).exit_code == 1 ? set.failed : set.unknown;
}

std::string level_range(int first_level, int last_level) {
  if (first_level == last_level) return fmt::format("level {}", first_level);
  return fmt::format("levels {}-{}", first_level, last_level);
}

}  // namespace unaided
