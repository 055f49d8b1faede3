#include "session_export.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "attempt.h"
#include "calendar.h"
#include "fault.h"
#include "history_text.h"
#include "ladder.h"
#include "render_ladder.h"
#include "report_json.h"
#include "sealing.h"
#include "session_ladder.h"
#include "session_status.h"
#include "summary.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kSealBytesMax = std::size_t{1} << 20;

/// What of a session is exported.
struct Exhibit {
  SessionSummary summary;
  Session session;
  std::string title;
  std::string seal;
  std::string hash;                   // of the attempt
  std::optional<GradeReport> report;  // on that attempt
  std::optional<BenchReport> ladder;
};

/// `text` within a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view("\\`*_|<>[]#&").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

std::string score(const Exhibit& exhibit) {
  const bool abandoned = exhibit.session.phase == Phase::kAbandoned;
  return abandoned ? "none: the session was abandoned" : score_text(exhibit.summary);
}

std::string fact_rows(const Exhibit& exhibit, const Kata& kata) {
  const Toolchain& tools = exhibit.session.toolchain;
  const std::string graded =
      fmt::format("unaided {}, LibTorch {}, {}", tools.unaided, tools.libtorch, tools.clang);
  const std::pair<std::string_view, std::string> facts[] = {
      {"kata", fmt::format("{}: {}", kata.title, kata.summary)},
      {"levels", levels_text(exhibit.summary)},
      {"format", exhibit.summary.format},
      {"score", score(exhibit)},
      {"begun", local_minute_text(exhibit.summary.began_utc_ms)},
      {"time", duration_text(exhibit.summary.duration_ms)},
      {"saves, hints", fmt::format("{}, {}", exhibit.summary.saves, exhibit.summary.hints)},
      {"seal", exhibit.seal},
      {"graded with", graded},
      {"attempt", fmt::format("{}, SHA-256 {}", kata.attempt_name(), exhibit.hash)},
  };
  std::string rows = "| | |\n|---|---|\n";
  for (const auto& [name, value] : facts) rows += fmt::format("| {} | {} |\n", name, cell(value));
  return rows;
}

std::string verdict_rows(const Exhibit& exhibit) {
  if (!exhibit.report) return "It was not judged with all checks.\n";
  const GradeReport& report = *exhibit.report;
  if (report.checks.empty()) {
    return fmt::format("{}: no check ran.\n", outcome_row(report.outcome).label);
  }
  std::string rows = "| level | behaviour | check | outcome | ms |\n|---|---|---|---|---|\n";
  for (const CheckVerdict& verdict : report.checks) {
    rows += fmt::format("| {} | {} | {} | {} | {:.0f} |\n", verdict.check.level,
                        cell(verdict.check.behaviour), cell(verdict.check.name),
                        outcome_row(verdict.outcome).label, verdict.wall_ms);
  }
  if (report.limits_not_held.empty()) return rows;
  rows += "\nNot held while it was judged:\n";
  for (const std::string& limit : report.limits_not_held) rows += fmt::format("- {}\n", limit);
  return rows;
}

/// One row for each time that the attempt has.
std::string ladder_section(const Exhibit& exhibit) {
  if (!exhibit.ladder) return "";
  std::string rows;
  for (const OwnTime& one : own_times(*exhibit.ladder)) {
    rows += fmt::format("| {} {} | {} | {:.3g} [{:.3g}, {:.3g}] | {} |\n", cell(one.kernel),
                        cell(one.problem), time_text(one.time_s, Terminal{}), one.speed,
                        one.speed_low, one.speed_high, one.standing);
  }
  if (rows.empty()) return "";
  return fmt::format(
      "\n## Ladder\n\nTimed on {}; ladder.txt has the other rungs.\n\n"
      "| problem | time | x LibTorch, interval | verdict |\n|---|---|---|---|\n{}",
      cell(machine_text(exhibit.ladder->fingerprint)), rows);
}

std::string readme(const Exhibit& exhibit, const Kata& kata) {
  return fmt::format(
      "# {}\n\nWritten in a timed session of unaided, an offline practice harness for "
      "machine-learning interviews.\n\n{}\nThe seal is what this machine could close and look at; "
      "nobody can verify another window, device or person.\n\n## Verdict\n\n{}{}",
      cell(exhibit.title), fact_rows(exhibit, kata), verdict_rows(exhibit),
      ladder_section(exhibit));
}

json environment(const Exhibit& exhibit) {
  const Toolchain& tools = exhibit.session.toolchain;
  const Sealing& sealing = exhibit.session.created.sealing;
  return {{"schema", 1},
          {"unaided", tools.unaided},
          {"libtorch", tools.libtorch},
          {"clang", tools.clang},
          {"seed", std::to_string(exhibit.session.created.seed)},
          {"sealed", sealing.sealed},
          {"seal", exhibit.seal},
          {"seal_reason", sealing.reason}};
}

Exhibit read_exhibit(const SessionFolder& folder) {
  Exhibit exhibit;
  exhibit.session = folder.replay();
  const Session& session = exhibit.session;
  if (session.phase == Phase::kRunning) {
    throw Fault(
        fmt::format("session {} goes on: it is exported when it has ended (`finish` ends "
                    "it)",
                    folder.id()));
  }
  exhibit.hash = counting_attempt(session).value_or("");
  if (exhibit.hash.empty()) {
    throw Fault(fmt::format("session {} has nothing to export: no save was taken", folder.id()));
  }
  const auto read = [&folder](const std::string& name) { return read_report(folder.result(name)); };
  exhibit.summary = summarize(session, read);
  KeptLadder kept = kept_ladder(folder);
  if (!kept.problem.empty()) throw Fault(kept.problem);
  exhibit.ladder = std::move(kept.report);
  exhibit.title = session_title(session);
  exhibit.seal = seal_label(folder, session);
  if (const VerdictReached* counting = counting_verdict(session)) {
    exhibit.report = read(counting->result);
  }
  return exhibit;
}

void write_json(const fs::path& file, const json& object) {
  write_text_file(
      file, object.dump(2, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace) + "\n");
}

void refuse_used_folder(const fs::path& target) {
  std::error_code none;
  const bool fresh = !fs::exists(fs::symlink_status(target, none)) ||
                     (fs::is_directory(target, none) && fs::is_empty(target, none));
  if (!fresh) {
    throw Fault(
        fmt::format("{} holds something already: name a new or empty folder", target.string()));
  }
}

}  // namespace

void export_session(const SessionFolder& folder, const Kata& kata, const fs::path& target) {
  const Exhibit exhibit = read_exhibit(folder);
  refuse_used_folder(target);
  write_text_file(target / "README.md", readme(exhibit, kata));
  write_text_file(target / kata.attempt_name(),
                  read_text_file(folder.snapshot(exhibit.hash), kAttemptBytesMax));
  if (exhibit.report) write_json(target / "report.json", report_to_json(*exhibit.report));
  write_json(target / "environment.json", environment(exhibit));
  if (exhibit.ladder) {
    write_text_file(target / "ladder.json", ladder_document(*exhibit.ladder));
    write_text_file(target / "ladder.txt", render_ladders(*exhibit.ladder, Terminal{}));
  }
  if (fs::exists(folder.seal_report())) {
    write_text_file(target / "seal.json", read_text_file(folder.seal_report(), kSealBytesMax));
  }
}

}  // namespace unaided
