#include "render.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "sha256.h"

namespace unaided {
namespace {

constexpr std::string_view kBold = "1";
constexpr std::string_view kFaint = "2";
constexpr int kMessageIndent = 8;
constexpr std::size_t kMessageRows = 3;  // of the terminal, for one line of a message

struct Symbols {
  std::string_view passed, failed, unknown, dot, bar;
};
constexpr Symbols kUtf8Symbols = {"✓", "✗", "?", "·", "│"};
constexpr Symbols kAsciiSymbols = {"+", "x", "?", "-", "|"};

/// Failed checks of one behaviour that came to the same outcome in the same words: a starter that
/// throws everywhere says so once, not fourteen times.
struct Failure {
  std::vector<const CheckVerdict*> verdicts;
  const CheckVerdict& first() const { return *verdicts.front(); }
};

const Symbols& symbols(const Terminal& terminal) {
  return terminal.utf8 ? kUtf8Symbols : kAsciiSymbols;
}

std::string_view symbol_of(Outcome outcome, const Terminal& terminal) {
  const Symbols& set = symbols(terminal);
  if (outcome == Outcome::kPassed) return set.passed;
  return outcome_row(outcome).exit_code == 1 ? set.failed : set.unknown;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string indented(std::string_view text, std::string_view prefix) {
  std::string lines;
  for (const std::string_view line : split_lines(text)) {
    lines.append(prefix).append(line).append("\n");
  }
  return lines;
}

std::vector<const CheckVerdict*> failed_checks(const GradeReport& report) {
  std::vector<const CheckVerdict*> failed;
  for (const CheckVerdict& verdict : report.checks) {
    if (verdict.outcome != Outcome::kPassed) failed.push_back(&verdict);
  }
  return failed;
}

/// Puts together what is alike in `same_words` or else in outcome and behaviour; keeps the order.
std::vector<Failure> group(const std::vector<const CheckVerdict*>& failed, bool same_words) {
  using Key = std::tuple<int, std::string_view, Outcome, std::string_view, std::string_view>;
  std::vector<Failure> failures;
  std::map<Key, std::size_t> places;
  for (const CheckVerdict* verdict : failed) {
    const CheckName& check = verdict->check;
    const std::string_view message = same_words ? verdict->message : std::string_view();
    const std::string_view output = same_words ? verdict->output : std::string_view();
    const Key key = {check.level, check.behaviour, verdict->outcome, message, output};
    const auto [place, fresh] = places.try_emplace(key, failures.size());
    if (fresh) failures.emplace_back();
    failures[place->second].verdicts.push_back(verdict);
  }
  return failures;
}

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
    lines += fmt::format("  {} level {}  {} of {}\n",
                         terminal.paint(outcome_row(outcome).colour, symbol_of(outcome, terminal)),
                         level, count.passed, count.total);
  }
  return lines;
}

/// "✗ time limit: Scaling: DependsOnNothingButD, …".
std::string failure_names(const Failure& failure, bool with_behaviour, const Terminal& terminal) {
  const OutcomeRow& row = outcome_row(failure.first().outcome);
  std::string names = row.outcome == Outcome::kWrong ? "" : fmt::format("{}: ", row.label);
  if (with_behaviour) names += failure.first().check.behaviour + ": ";
  const char* separator = "";
  for (const CheckVerdict* verdict : failure.verdicts) {
    names += separator + verdict->check.name + (verdict->check.example ? " (example)" : "");
    separator = ", ";
  }
  return fmt::format("    {} {}\n", terminal.paint(row.colour, symbol_of(row.outcome, terminal)),
                     wrap(printable(names), terminal.width - 6, /*indent=*/6));
}

/// At most `width` bytes of `line`, cut between characters.
std::string clipped(std::string_view line, std::size_t width, const Terminal& terminal) {
  if (line.size() <= width) return std::string(line);
  while (width > 0 && (static_cast<unsigned char>(line[width]) & 0xc0) == 0x80) --width;
  return std::string(line.substr(0, width)).append(terminal.utf8 ? "…" : "...");
}

/// What a failed check has to say: its first failure, in lines of bearable length; or all of it.
std::string message_lines(const std::string& message, bool whole, const Terminal& terminal) {
  const std::string margin(kMessageIndent, ' ');
  const std::string text = printable(message);
  const std::size_t end = whole ? std::string::npos : text.find("\n\n");
  const std::size_t width = kMessageRows * static_cast<std::size_t>(terminal.width);
  std::string lines;
  for (const std::string_view line : split_lines(std::string_view(text).substr(0, end))) {
    lines += margin + (whole ? std::string(line) : clipped(line, width, terminal)) + "\n";
  }
  if (end == std::string::npos) return lines;
  return lines + margin + terminal.paint(kFaint, "and fails in other places too") + "\n";
}

std::string failure_details(const Failure& failure, bool whole, const Terminal& terminal) {
  const CheckVerdict& verdict = failure.first();
  std::string text = message_lines(verdict.message, whole, terminal);
  if (verdict.output.empty()) return text;
  const std::string margin(kMessageIndent, ' ');
  text += margin + terminal.paint(kFaint, "the attempt printed:") + "\n";
  const std::string bar = fmt::format("{}{} ", margin, symbols(terminal).bar);
  return text + indented(printable(verdict.output), bar);
}

/// Failures in full, each behaviour under its name. What is not told, for want of room or because
/// its words have been said, is left in `untold`.
std::string detailed_failures(const std::vector<const CheckVerdict*>& failed, int failures_max,
                              std::vector<const CheckVerdict*>& untold, const Terminal& terminal) {
  std::string text;
  std::string behaviour;
  std::set<std::string_view> told;
  for (const Failure& failure : group(failed, /*same_words=*/true)) {
    const CheckVerdict& first = failure.first();
    const bool full = failures_max > 0 && static_cast<int>(told.size()) >= failures_max;
    if (full || (failures_max > 0 && told.contains(first.message))) {
      untold.insert(untold.end(), failure.verdicts.begin(), failure.verdicts.end());
      continue;
    }
    told.insert(first.message);
    const std::string title =
        fmt::format("{} {}", terminal.paint(kBold, printable(first.check.behaviour)),
                    terminal.paint(kFaint, fmt::format("(level {})", first.check.level)));
    if (title != behaviour) text += fmt::format("\n  {}\n", title);
    behaviour = title;
    text += failure_names(failure, /*with_behaviour=*/false, terminal);
    text += failure_details(failure, /*whole=*/failures_max == 0, terminal);
  }
  return text;
}

std::string failure_lines(const GradeReport& report, const ReportView& view,
                          const Terminal& terminal) {
  std::vector<const CheckVerdict*> failed = failed_checks(report);
  if (failed.empty()) return "";
  const auto by_level = [](const CheckVerdict* a, const CheckVerdict* b) {
    return a->check.level < b->check.level;
  };
  std::stable_sort(failed.begin(), failed.end(), by_level);
  const int focus = failed.front()->check.level;
  const auto later = std::find_if(failed.begin(), failed.end(), [&](const CheckVerdict* verdict) {
    return view.failures_max > 0 && verdict->check.level > focus;
  });
  const auto later_count = failed.end() - later;
  failed.erase(later, failed.end());

  std::vector<const CheckVerdict*> untold;
  std::string text = detailed_failures(failed, view.failures_max, untold, terminal);
  if (!untold.empty()) text += "\n  Also failed\n";
  for (const Failure& failure : group(untold, /*same_words=*/false)) {
    text += failure_names(failure, /*with_behaviour=*/true, terminal);
  }
  if (later_count > 0) {
    text += fmt::format("\n  {} more of later levels: mend level {} first.\n", later_count, focus);
  }
  return text;
}

std::string sentences(const GradeReport& report, const Terminal& terminal) {
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

std::string limit_lines(const GradeReport& report, const Terminal& terminal) {
  if (report.limits_not_held.empty()) return "";
  std::string list;
  for (const std::string& limit : report.limits_not_held) {
    list += (list.empty() ? "" : ", ") + limit;
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
  if (failed && !view.full_command.empty()) {
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
  text += failure_lines(report, view, terminal);
  text += sentences(report, terminal);
  text += limit_lines(report, terminal);
  text += next_lines(report, view);
  return text;
}

std::string render_headline(const GradeReport& report, const Terminal& terminal) {
  const OutcomeRow& row = outcome_row(overall(report));
  const std::string_view dot = symbols(terminal).dot;
  const bool examples_passed = row.outcome == Outcome::kPassed && examples_only(report);
  const std::string verdict = fmt::format("{} {}", symbol_of(row.outcome, terminal),
                                          examples_passed ? "examples passed" : row.label);
  std::string facts = fmt::format("{} {}", dot, counts(report));
  if (report.total_ms > 0) facts += fmt::format(" {} {:.2f} s", dot, report.total_ms / 1000);
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
      fmt::format("{} {}.{}", terminal.paint(row.colour, symbol_of(verdict.outcome, terminal)),
                  printable(verdict.check.behaviour), printable(verdict.check.name));
  const bool worth_saying =
      verdict.outcome != Outcome::kPassed && verdict.outcome != Outcome::kWrong;
  if (worth_saying) line += fmt::format(" ({})", row.label);
  return line;
}

std::string level_range(int first_level, int last_level) {
  if (first_level == last_level) return fmt::format("level {}", first_level);
  return fmt::format("levels {}-{}", first_level, last_level);
}

std::string wrap(std::string_view text, int width, int indent) {
  std::string wrapped;
  std::size_t column = 0;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    const bool too_long = column > 0 && column + 1 + word.size() > static_cast<std::size_t>(width);
    if (too_long) {
      wrapped += "\n" + std::string(static_cast<std::size_t>(indent), ' ');
      column = static_cast<std::size_t>(indent);
    } else if (column > 0) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += word.size();
    begin = end + 1;
  }
  return wrapped;
}

}  // namespace unaided
