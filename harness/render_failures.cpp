#include "render_failures.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "reveal.h"
#include "text_layout.h"

namespace unaided {
namespace {

constexpr std::string_view kBold = "1";
constexpr std::string_view kFaint = "2";
constexpr int kMessageIndent = 8;
constexpr std::size_t kMessageRows = 3;  // of the terminal, for one line of a message

/// Failed checks of one behaviour that came to the same outcome in the same words: a starter that
/// throws everywhere says so once, not fourteen times.
struct Failure {
  std::vector<const CheckVerdict*> verdicts;
  const CheckVerdict& first() const { return *verdicts.front(); }
};

std::vector<const CheckVerdict*> failed_checks(const GradeReport& report) {
  std::vector<const CheckVerdict*> failed;
  for (const CheckVerdict& verdict : report.checks) {
    const bool named = !is_nameless(verdict.check);
    if (named && verdict.outcome != Outcome::kPassed) failed.push_back(&verdict);
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
  return fmt::format("    {} {}\n",
                     terminal.paint(row.colour, outcome_symbol(row.outcome, terminal)),
                     wrap(printable(names), terminal.width - 6, /*indent=*/6));
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
  const std::string bar = fmt::format("{}{} ", margin, terminal.symbols().bar);
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

}  // namespace

std::string render_failures(const GradeReport& report, const ReportView& view,
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
  if (!untold.empty()) text += "\n  Besides\n";
  for (const Failure& failure : group(untold, /*same_words=*/false)) {
    text += failure_names(failure, /*with_behaviour=*/true, terminal);
  }
  if (later_count > 0) {
    text += fmt::format("\n  {} more of later levels: mend level {} first.\n", later_count, focus);
  }
  return text;
}

}  // namespace unaided
