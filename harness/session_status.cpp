#include "session_status.h"

#include <fmt/format.h>

#include <algorithm>

#include "render.h"
#include "sealing.h"

namespace unaided {
namespace {

using nlohmann::json;

/// How loud the time left is, the most urgent first.
struct WarningRow {
  std::int64_t left_ms;
  std::string_view style;  // tmux's
};
constexpr WarningRow kWarnings[] = {
    {60'000, "bg=red,fg=white,bold,blink"}, {300'000, "bg=red,fg=white"}, {900'000, "bg=yellow"}};

std::string title(const std::string& kata, const std::string& format, int first, int last) {
  return fmt::format("{}, {} ({})", kata, level_range(first, last), format);
}

std::string verdict_line(const json& verdict, const Terminal& terminal) {
  const auto outcome = outcome_from_id(verdict.at("outcome").get<std::string>());
  const OutcomeRow& row = outcome_row(outcome.value_or(Outcome::kFault));
  return fmt::format("{}, {} of {} checks, snapshot {}", terminal.paint(row.colour, row.label),
                     verdict.at("passed").get<int>(), verdict.at("total").get<int>(),
                     verdict.at("snapshot").get<std::string>().substr(0, 12));
}

}  // namespace

json status_to_json(const SessionFolder& folder, const Session& session, const Moment& now,
                    bool hosted, const std::string& compiler) {
  const Created& created = session.created;
  json status = {{"session", folder.id()},
                 {"kata", created.kata},
                 {"format", created.format},
                 {"first_level", created.first_level},
                 {"last_level", session.open_level},
                 {"levels", created.last_level},
                 {"hints", session.hints},
                 {"phase", phase_id(session.phase)},
                 {"clock", created.clock},
                 {"seal", seal_label(folder, session)},
                 {"hosted", hosted},
                 {"created", utc_text(created.at.utc_ms)},
                 {"deadline", nullptr},
                 {"time_left_ms", nullptr},
                 {"time_by_wall_clock", false},
                 {"snapshots", session.snapshots.size()},
                 {"submits", session.submits.size()},
                 {"resumes", session.resumes},
                 {"workspace", folder.workspace().string()},
                 {"libtorch", session.toolchain.libtorch},
                 {"clang", session.toolchain.clang},
                 {"compiler", compiler.empty() ? json() : json(compiler)},
                 {"last_verdict", nullptr},
                 {"result", nullptr}};
  if (const auto left = time_left(session, now)) {
    status["deadline"] = utc_text(created.deadline->utc_ms);
    status["time_left_ms"] = left->ms;
    status["time_by_wall_clock"] = left->by_wall_clock;
  }
  if (!session.verdicts.empty()) {
    const VerdictReached& last = session.verdicts.back();
    const Tally& tally = session.phase == Phase::kRunning ? last.told : last.tally;
    status["last_verdict"] = {
        {"at", utc_text(last.at.utc_ms)}, {"purpose", purpose_id(last.purpose)},
        {"snapshot", last.hash},          {"outcome", outcome_row(tally.outcome).id},
        {"passed", tally.passed},         {"total", tally.total}};
  }
  if (session.finished) {
    status["result"] = {{"reason", end_reason_id(session.finished->reason)},
                        {"snapshot", session.finished->hash},
                        {"outcome", outcome_row(session.finished->outcome).id}};
  }
  return status;
}

std::string render_status(const json& status, const Terminal& terminal) {
  const std::string phase = status.at("phase");
  const bool running = phase == "running";
  std::string text =
      fmt::format("{}: {}\n", terminal.paint("1", status.at("session").get<std::string>()),
                  title(status.at("kata"), status.at("format"), status.at("first_level"),
                        status.at("last_level")));
  const std::string time = running ? time_text(status) : phase;
  const bool hosted = !running || status.at("hosted").get<bool>();
  text += fmt::format("  {}{}\n", time, hosted ? "" : "; its host is gone: `resume` takes it up");
  text += fmt::format("  {}\n", status.at("last_verdict").is_null()
                                    ? "nothing judged yet"
                                    : verdict_line(status.at("last_verdict"), terminal));
  text += fmt::format("  {}\n", status.at("seal").get<std::string>());
  if (running && !status.at("compiler").is_null()) {
    text += fmt::format("  compiler: {}\n", status.at("compiler").get<std::string>());
  }
  return text + fmt::format("  {}\n", status.at("workspace").get<std::string>());
}

std::string time_text(const json& status) {
  if (status.at("time_left_ms").is_null()) return "no time limit";
  const std::int64_t left_ms = status.at("time_left_ms");
  const std::string clock = status.at("time_by_wall_clock").get<bool>()
                                ? " (by the wall clock, since the machine was restarted)"
                                : "";
  if (left_ms <= 0) return "time is over" + clock;
  return duration_text(left_ms) + " left" + clock;
}

std::string status_line(const json& status) {
  const std::int64_t hour_ms = 3'600'000;
  bool clock = status.at("clock");  // where it is hidden, it shows when time is short
  const bool timed = !status.at("time_left_ms").is_null();
  const std::int64_t left_ms = timed ? status.at("time_left_ms").get<std::int64_t>() : hour_ms;
  std::string line = title(status.at("kata"), status.at("format"), status.at("first_level"),
                           status.at("last_level"));
  for (const WarningRow& row : kWarnings) {
    if (!timed || left_ms > row.left_ms) continue;
    line += fmt::format(" | #[{}]{}#[default]", row.style,
                        duration_text(std::max<std::int64_t>(left_ms, 0)));
    clock = false;
    break;
  }
  if (clock && timed) line += " | " + duration_text(left_ms);
  const json& verdict = status.at("last_verdict");
  if (!verdict.is_null()) {
    line +=
        fmt::format(" | {}/{}", verdict.at("passed").get<int>(), verdict.at("total").get<int>());
  }
  return line + " | " + status.at("seal").get<std::string>();
}

std::optional<std::int64_t> next_warning_ms(std::int64_t left_ms) {
  std::optional<std::int64_t> next;
  for (const WarningRow& row : kWarnings) {
    if (row.left_ms < left_ms) next = row.left_ms;
  }
  return next;
}

std::string session_title(const Session& session) {
  return title(session.created.kata, session.created.format, session.created.first_level,
               session.created.last_level);
}

}  // namespace unaided
