// The host's side of the conversation: one function a request, found by name in one table. A client
// is trusted with nothing: what it sends decides only which of these is called and with which
// flags.
#include <fmt/format.h>

#include <array>

#include "attempt.h"
#include "device_sanitizer.h"
#include "fault.h"
#include "format.h"
#include "hint.h"
#include "host.h"
#include "report_json.h"
#include "reveal.h"
#include "session_status.h"
#include "text_file.h"
#include "text_layout.h"
#include "workspace.h"

namespace unaided {
namespace {

using nlohmann::json;

constexpr int kUseExit = 2;
constexpr int kShortExit = 1;

bool examples_pass(const GradeReport& report, int level) {
  int examples = 0;
  for (const CheckVerdict& verdict : report.checks) {
    if (!verdict.check.example || verdict.check.level > level) continue;
    if (verdict.outcome != Outcome::kPassed) return false;
    examples += verdict.check.level == level ? 1 : 0;
  }
  return examples > 0;
}

/// What the statement's pane shows: a copy that the candidate cannot change.
void write_statement(const SessionFolder& folder, const Kata& kata, const Session& session,
                     int columns) {
  std::string text;
  for (int level = session.created.first_level; level <= session.open_level; ++level) {
    const std::string statement = read_text_file(kata.statement(level), kAttemptBytesMax);
    text += reflowed(statement, columns) + "\n";
  }
  write_durably(folder.statement(), text);
}

int late_exit() {
  return outcome_row(Outcome::kLate).exit_code;
}

}  // namespace

void Host::serve(const Listener::Message& message) {
  struct Row {
    std::string_view name;
    void (Host::*serve)(Client, const Request&);
    bool judges;   // not once the session is closing
    bool outside;  // not for who sits in the seat
  };
  static constexpr std::array<Row, 11> kRows = {{
      {"check", &Host::serve_check, true, false},
      {"submit", &Host::serve_submit, true, false},
      {"finish", &Host::serve_finish, true, false},
      {"run", &Host::serve_run, true, false},
      {"unlock", &Host::serve_unlock, true, false},
      {"hint", &Host::serve_hint, true, false},
      {"reset", &Host::serve_reset, true, false},
      {"status", &Host::serve_status, false, false},
      {"abandon", &Host::serve_abandon, false, false},
      {"screen", &Host::serve_screen, true, true},
      {"watch", &Host::serve_watch, false, false},
  }};
  try {
    const std::string name = message.body.value("request", "");
    for (const Row& row : kRows) {
      if (row.name != name) continue;
      if (queue_.awaited_by(message.client)) {
        return refuse(message.client, "one request at a time", kUseExit);
      }
      if (row.outside && seating_.is_inside(message.peer)) {
        return refuse(message.client, "not from inside a sealed session", kUseExit);
      }
      if (row.judges && !closing_.empty()) return refuse(message.client, closing_, late_exit());
      return (this->*row.serve)(message.client, message.body);
    }
    refuse(message.client, "unknown request", kUseExit);
  } catch (const std::exception& fault) {  // a Fault, or a field of the wrong type
    refuse(message.client, fault.what(), kUseExit);
  }
}

void Host::serve_check(Client client, const Request& request) {
  seating_.inspect(setup_.clock->now().utc_ms);
  const Snapshot snapshot = take_snapshot();
  if (!snapshot.refusal.empty()) {
    return refuse(client, snapshot.refusal, snapshot.late ? late_exit() : kUseExit);
  }
  if (!request.value("sanitizer", "").empty()) {
    const std::string refusal = reveal(Purpose::kCheck) != Reveal::kMessages
                                    ? "--sanitizer watches hidden checks, too, of which this "
                                      "format tells nothing: finish, then ./unaided grade has it"
                                    : sanitizer_refusal(setup_.kata, session_.created.emulated);
    if (!refusal.empty()) return refuse(client, refusal, kUseExit);
  }
  judge(Purpose::kCheck, snapshot, {client}, request);
}

void Host::serve_submit(Client client, const Request&) {
  seating_.inspect(setup_.clock->now().utc_ms);
  const Snapshot snapshot = take_snapshot();
  if (!snapshot.refusal.empty()) {
    return refuse(client, snapshot.refusal, snapshot.late ? late_exit() : kUseExit);
  }
  record(Submitted{setup_.clock->now(), snapshot.hash});
  judge(Purpose::kSubmit, snapshot, {client}, json::object());
}

/// From here on nothing is taken in any more; the better of this and the last submit will count.
void Host::serve_finish(Client client, const Request&) {
  const Snapshot snapshot = take_snapshot();
  if (!snapshot.refusal.empty()) {
    return refuse(client, snapshot.refusal, snapshot.late ? late_exit() : kUseExit);
  }
  closing_ = "the session is ending: what was saved before `finish` is what counts";
  judge(Purpose::kFinish, snapshot, {client}, json::object());
}

void Host::serve_run(Client client, const Request&) {
  RunRequest run;
  run.contracts = contracts_seen();
  for (const auto& [name, text] : {std::pair{setup_.kata.attempt_name(), &run.source},
                                   std::pair{std::string(kTryName), &run.try_source}}) {
    AttemptText copied = read_attempt(setup_.folder.workspace(), name);
    if (!copied.accepted()) return refuse(client, copied.refusal, kUseExit);
    *text = std::move(copied.source);
  }
  queue_.add({Purpose::kCheck, "", std::move(run), {client}});
}

/// The next level, once the examples of those that are open pass.
void Host::serve_unlock(Client client, const Request&) {
  const FormatRow& format = format_row(session_.created.format);
  if (format.levels != LevelRule::kUnlocked) {
    return refuse(client, "there is nothing to unlock in this format", kUseExit);
  }
  if (session_.open_level == session_.created.last_level) {
    return refuse(client, "every level is unlocked", kUseExit);
  }
  const Snapshot snapshot = take_snapshot();
  if (!snapshot.refusal.empty()) return refuse(client, snapshot.refusal, kUseExit);
  const VerdictReached* judged = latest_verdict(session_, snapshot.hash);
  if (judged == nullptr) {
    return refuse(client, "what is saved is not judged yet: `check`, then `unlock`", kUseExit);
  }
  const GradeReport report = read_report(setup_.folder.result(judged->result));
  if (!examples_pass(report, session_.open_level)) {
    return refuse(client,
                  fmt::format("level {} opens once the examples of level {} pass",
                              session_.open_level + 1, session_.open_level),
                  kShortExit);
  }
  record(Unlocked{setup_.clock->now(), session_.open_level + 1});
  show_levels(setup_.folder.workspace(), setup_.kata, format,
              {session_.created.first_level, session_.open_level});
  write_statement(setup_.folder, setup_.kata, session_, statement_columns_);
  listener_.send(client, {{"type", "unlocked"}, {"final", true}, {"level", session_.open_level}});
  tell({}, {{"type", "status"}, {"status", status()}});
}

void Host::serve_hint(Client client, const Request&) {
  if (!format_row(session_.created.format).gives_hints) {
    return refuse(client, "hints are for drills", kUseExit);
  }
  const std::vector<std::string> hints = hints_for(setup_.kata, session_.created.first_level);
  if (session_.hints == static_cast<int>(hints.size())) {
    return refuse(client, "there is no further hint; `./u show` has the statement", kUseExit);
  }
  record(Hinted{setup_.clock->now(), session_.hints + 1});
  listener_.send(client, {{"type", "hint"},
                          {"final", true},
                          {"number", session_.hints},
                          {"of", hints.size()},
                          {"text", hints.at(static_cast<std::size_t>(session_.hints - 1))}});
}

/// Whoever has a terminal attaches to the screen that this makes.
void Host::serve_screen(Client client, const Request& request) {
  const int columns = request.value("columns", 0);
  if (columns > 0) statement_columns_ = Screen::right_columns(columns);
  write_statement(setup_.folder, setup_.kata, session_, statement_columns_);
  seating_.open(request.at("command").get<std::vector<std::string>>());
  listener_.send(client, {{"type", "screen"}, {"final", true}});
}

void Host::serve_status(Client client, const Request&) {
  listener_.send(client, {{"type", "status"}, {"final", true}, {"status", status()}});
}

void Host::serve_reset(Client client, const Request&) {
  const std::string kept = reset_attempt(setup_.folder.workspace(), setup_.kata.attempt_name(),
                                         read_text_file(setup_.folder.starter(), kAttemptBytesMax));
  if (!watch_.watching()) watch_ = watch_workspace();
  listener_.send(client, {{"type", "reset"}, {"final", true}, {"kept", kept}});
}

void Host::serve_abandon(Client client, const Request&) {
  record(Abandoned{setup_.clock->now()});
  listener_.send(client, {{"type", "ended"}, {"final", true}, {"status", status()}});
}

/// The newcomer first sees where things stand: the state, and the last report.
void Host::serve_watch(Client client, const Request&) {
  listener_.send(client, {{"type", "status"}, {"status", status()}});
  if (!session_.verdicts.empty()) {
    const VerdictReached& last = session_.verdicts.back();
    const GradeReport report = read_report(setup_.folder.result(last.result));
    const json message = {{"type", "report"},
                          {"purpose", purpose_id(last.purpose)},
                          {"ended", false},
                          {"report", report_to_json(revealed(report, reveal(last.purpose)))}};
    listener_.send(client, message);
  }
  watchers_.push_back(client);
}

void Host::refuse(Client client, const std::string& message, int exit_code) {
  listener_.send(
      client,
      {{"type", "refused"}, {"final", true}, {"message", message}, {"exit_code", exit_code}});
}

/// To those who asked and those who watch.
void Host::tell(const std::vector<Client>& askers, json message) {
  std::vector<Client> all = askers;
  all.insert(all.end(), watchers_.begin(), watchers_.end());
  listener_.send_all(all, message);
}

json Host::status() {
  return status_to_json(setup_.folder, session_, setup_.clock->now(), true, thread_.compiler());
}

}  // namespace unaided
