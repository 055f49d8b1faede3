#include "debrief.h"

#include <fmt/format.h>

#include "fault.h"
#include "render.h"
#include "report_json.h"
#include "session_status.h"
#include "text_layout.h"

namespace unaided {
namespace {

constexpr std::string_view kBold = "1";

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

std::string title(const SessionFolder& folder, const Session& session, const Terminal& terminal) {
  const Elapsed taken = elapsed(session.created.at, *session.ended_at);
  return fmt::format("{}: {}\n  {} after {}\n", terminal.paint(kBold, folder.id()),
                     session_title(session), ending(session), duration_text(taken.ms));
}

/// The verdict that counts, with everything that was held back while the session went on.
std::string verdict(const SessionFolder& folder, const Session& session, const Terminal& terminal) {
  const VerdictReached* counting = counting_verdict(session);
  if (counting == nullptr) return "\nNothing was judged with all checks.\n";
  ReportView view;
  view.failures_max = 0;
  return "\n" + render_report(read_report(folder.result(counting->result)), view, terminal);
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

}  // namespace

std::string render_debrief(const SessionFolder& folder, const KataMaterial& material,
                           const Terminal& terminal) {
  const Session session = folder.replay();
  if (session.phase == Phase::kRunning) {
    throw Fault(
        fmt::format("session {} goes on: the debrief comes when it has ended (`finish` "
                    "ends it)",
                    folder.id()));
  }
  return title(folder, session, terminal) + verdict(folder, session, terminal) +
         planted_bugs(session, material, terminal);
}

}  // namespace unaided
