#include "debrief.h"

#include <fmt/format.h>

#include "calendar.h"
#include "debrief_opening.h"
#include "failure_patterns.h"
#include "fault.h"
#include "follow_up.h"
#include "format.h"
#include "render.h"
#include "render_ladder.h"
#include "report_json.h"
#include "scoring.h"
#include "sealing.h"
#include "session_ladder.h"
#include "session_status.h"
#include "temporary_folder.h"
#include "text_file.h"
#include "text_layout.h"

namespace unaided {
namespace {

constexpr std::string_view kBold = "1";
constexpr std::int64_t kDiffWallMsMax = 10'000;
constexpr std::size_t kDiffBytesMax = 4'000'000;

constexpr struct {
  EndReason reason;
  std::string_view words;
} kEndings[] = {
    {EndReason::kPassed, "ended by a submit that passed"},
    {EndReason::kFinish, "ended by `finish`"},
    {EndReason::kDeadline, "ended by the clock"},
};

std::string ending(const Session& session) {
  if (!session.finished) return "abandoned";
  for (const auto& row : kEndings) {
    if (row.reason == session.finished->reason) return std::string(row.words);
  }
  throw Fault("a session ended for an unknown reason");
}

std::string title(const SessionFolder& folder, const Session& session,
                  const SessionSummary& summary, const Terminal& terminal) {
  return fmt::format("{}: {}\n  {} after {}\n", terminal.paint(kBold, folder.id()),
                     session_title(session), ending(session), duration_text(summary.duration_ms));
}

/// Points by level, in a format that has them.
std::string scores(const Session& session, const GradeReport& report, const Terminal& terminal) {
  const FormatRow& format = format_row(session.created.format);
  const std::vector<LevelScore> levels = level_scores(report, format.points);
  if (levels.empty()) return "";
  std::string text = "\n";
  int points_max = 0;
  for (const LevelScore& level : levels) {
    points_max += level.points_max;
    const std::string share =
        level.behaviours == 0
            ? "not judged"
            : fmt::format("{} of {} behaviours", level.behaviours_passed, level.behaviours);
    text += fmt::format("  level {}  {:>5.1f} of {}  {}\n", level.level, level.points,
                        level.points_max, share);
  }
  const std::string total = fmt::format("{:.0f} of {} points", total_points(levels), points_max);
  return text + fmt::format("  {}; {} is the bar to practise for\n", terminal.paint(kBold, total),
                            format.bar);
}

/// The verdict that counts, with everything that was held back while the session went on.
std::string verdict(const SessionFolder& folder, const Session& session, const Terminal& terminal) {
  const VerdictReached* counting = counting_verdict(session);
  if (counting == nullptr) return "\nNothing was judged with all checks.\n";
  const GradeReport report = read_report(folder.result(counting->result));
  ReportView view;
  view.failures_max = 0;
  return "\n" + render_report(report, view, terminal) + scores(session, report, terminal);
}

/// The shipped bug that fails the same checks, where one does.
std::string likeness(const SessionFolder& folder, const Session& session,
                     const KataMaterial& material, const Terminal& terminal) {
  const VerdictReached* counting = counting_verdict(session);
  if (counting == nullptr || !session.created.bugs.empty()) return "";
  const GradeReport report = read_report(folder.result(counting->result));
  const FailurePatterns patterns = read_patterns(material.kata);
  std::string text;
  for (int level = report.first_level; level <= report.last_level; ++level) {
    const std::set<std::string> wrong = wrong_checks(report, level);
    const auto name = matching_mutant(patterns, level, wrong);
    const auto mutant = name ? find_mutant(material, *name) : std::nullopt;
    if (!mutant) continue;
    const std::string checks = wrong.size() == 1
                                   ? "wrong check also fails"
                                   : fmt::format("{} wrong checks also fail", wrong.size());
    const std::string sentence =
        fmt::format("Level {}: its {} with this bug: {}", level, checks, mutant->description);
    text += "\n" + wrap(sentence, terminal.width, /*indent=*/2) + "\n";
  }
  return text;
}

/// As the last `debrief --bench` left it.
std::string ladder_text(const SessionFolder& folder, const Terminal& terminal) {
  const KeptLadder kept = kept_ladder(folder);
  if (!kept.problem.empty()) return "\n" + wrap(kept.problem, terminal.width, /*indent=*/0) + "\n";
  if (!kept.report) return "";
  const auto at_ms = parse_utc(kept.report->date);
  const std::string when = at_ms ? ", " + local_minute_text(*at_ms) : "";
  return fmt::format("\nOn the benchmark ladder{}:\n\n{}", when,
                     render_ladders(*kept.report, terminal));
}

/// Unsaved text that editors kept at the deadline: there, but not judged.
std::string rescued_text(const SessionFolder& folder) {
  std::error_code none;
  std::string names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.rescued(), none)) {
    names += "  " + entry.path().string() + "\n";
  }
  if (names.empty()) return "";
  return "\nText that was not saved in time (not judged; `vim -r` opens vim's):\n" + names;
}

std::string seal_table(const SessionFolder& folder, const Session& session,
                       const Terminal& terminal) {
  const std::string text = "\n" + seal_label(folder, session) + "\n";
  const auto report = read_seal_report(folder);
  if (!report) return text;
  return text + render_seal(*report, static_cast<std::size_t>(terminal.width));
}

std::string planted_bug(const KataMaterial& material, const std::string& name,
                        const Terminal& terminal) {
  const auto mutant = find_mutant(material, name);
  if (!mutant) return fmt::format("\n  {}: no longer among the kata's mutants\n", name);
  const std::string sentence = wrap(mutant->description, terminal.width - 2, /*indent=*/2);
  return fmt::format("\n  {}\n\n{}", terminal.paint(kBold, sentence),
                     indented(mutant->diff, "    "));
}

std::string planted_bugs(const Session& session, const KataMaterial& material,
                         const Terminal& terminal) {
  const std::vector<std::string>& bugs = session.created.bugs;
  if (bugs.empty()) return "";
  std::string text = bugs.size() == 1
                         ? "\nThe bug that was planted:\n"
                         : fmt::format("\nThe {} bugs that were planted:\n", bugs.size());
  for (const std::string& name : bugs) text += planted_bug(material, name, terminal);
  return text;
}

void require_over(const SessionFolder& folder, const Session& session) {
  if (session.phase != Phase::kRunning) return;
  throw Fault(fmt::format(
      "session {} goes on: the debrief comes when it has ended (`finish` ends it)", folder.id()));
}

/// The level that cost most, else what is due the day after the session.
Choice drill_for_tomorrow(const SessionSummary& summary, const Kata& kata,
                          const Background& background) {
  if (!summary.failed.empty()) return drill_of(kata, summary.failed.front().level);
  return choose_practice(background.katas, level_tries(background.sessions),
                         local_day(summary.began_utc_ms) + 1);
}

}  // namespace

std::string render_debrief(const SessionFolder& folder, const KataMaterial& material,
                           const Background& background, const Terminal& terminal) {
  const Session session = folder.replay();
  require_over(folder, session);
  const ReadReport read = results_of(folder);
  const SessionSummary summary = summarize(session, read);
  const Choice tomorrow = drill_for_tomorrow(summary, material.kata, background);
  const std::string opening = opening_sentence(session, summary, tomorrow, read);
  return terminal.paint(kBold, wrap(opening, terminal.width, /*indent=*/0)) + "\n\n" +
         title(folder, session, summary, terminal) + verdict(folder, session, terminal) +
         likeness(folder, session, material, terminal) +
         level_times_text(summary, material.kata, background.sessions) + habits_text(summary) +
         ladder_text(folder, terminal) + rescued_text(folder) +
         planted_bugs(session, material, terminal) + seal_table(folder, session, terminal) +
         render_follow_ups(folder, session, material.kata, terminal);
}

std::string beside_reference(const SessionFolder& folder, const KataMaterial& material,
                             int columns) {
  const Session session = folder.replay();
  require_over(folder, session);
  const auto hash = counting_attempt(session);
  if (!hash) throw Fault("nothing was saved in session " + folder.id());
  const TemporaryFolder files;
  const std::filesystem::path reference = files.path() / "reference.cpp";
  write_text_file(reference, solved_levels(material.reference, session.created.last_level));
  const Command diff{{"/usr/bin/diff", "--side-by-side", fmt::format("--width={}", columns),
                      "--expand-tabs", folder.snapshot(*hash).string(), reference.string()},
                     {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"},
                     {},
                     {}};
  const RunEnd end = run_bounded(diff, kDiffWallMsMax, kDiffBytesMax, nullptr);
  return fmt::format("{:<{}} {}\n\n{}", "Your attempt", columns / 2, "The reference", end.output);
}

}  // namespace unaided
