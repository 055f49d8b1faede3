// The host's way from a snapshot to a verdict that is kept and told. A verdict is on the disk
// before anybody hears of it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "disagreement.h"
#include "fault.h"
#include "format.h"
#include "host.h"
#include "report_json.h"
#include "reveal.h"
#include "scoring.h"
#include "sha256.h"

namespace unaided {
namespace {

using nlohmann::json;

constexpr std::size_t kRunOutputBytesMax = 64 * 1024;
constexpr int kFaultExit = 2;

/// A report that fits into a frame: its texts are cut, more and more, until it does.
json fitted(GradeReport report) {
  for (std::size_t bytes_max = 16'384; bytes_max > 16; bytes_max /= 4) {
    const json written = report_to_json(report);
    const auto size = written.dump(-1, ' ', false, json::error_handler_t::replace).size();
    if (size < kFrameBytesMax * 3 / 4) return written;
    report.message.resize(std::min(report.message.size(), bytes_max * 8));
    for (CheckVerdict& check : report.checks) {
      check.message.resize(std::min(check.message.size(), bytes_max));
      check.output.resize(std::min(check.output.size(), bytes_max));
    }
  }
  return report_to_json(report);
}

Tally tally_of(const GradeReport& report) {
  return {report.outcome, report.passed_count(), static_cast<int>(report.checks.size())};
}

}  // namespace

void Host::judge(Purpose purpose, const Snapshot& snapshot, std::vector<Client> askers,
                 const Request& request) {
  const FormatRow& format = format_row(session_.created.format);
  GradeRequest grade;
  grade.source = snapshot.source;
  grade.first_level = session_.created.first_level;
  grade.last_level = session_.open_level;
  grade.as_far_as_defined = format.levels != LevelRule::kOne;
  grade.contracts = contracts_seen();
  grade.slow = is_binding(purpose);
  grade.of_record = purpose != Purpose::kSave;
  grade.full_diagnostics = request.value("full", false);
  grade.show_output = format.shows_output;
  grade.seed = std::strtoull(request.value("seed", "0").c_str(), nullptr, 10);
  grade.only = request.value("only", "");
  grade.sanitizer = request.value("sanitizer", "");
  queue_.add({purpose, snapshot.hash, std::move(grade), std::move(askers)});
}

/// What is locked can be included no more than it can be read.
int Host::contracts_seen() const {
  const bool locked = format_row(session_.created.format).levels == LevelRule::kUnlocked;
  return locked ? session_.open_level : 0;
}

void Host::advance() {
  if (queue_.overtaken()) {
    queue_.running()->cancelled = true;
    thread_.cancel();
  }
  if (thread_.busy()) return;
  const Job* job = queue_.start_next();
  if (job == nullptr) return;
  thread_.start(job->work);
  const bool is_run = std::holds_alternative<RunRequest>(job->work);
  if (is_run) return;
  tell(job->askers, {{"type", "judging"},
                     {"purpose", purpose_id(job->purpose)},
                     {"snapshot", job->hash},
                     {"first_level", session_.created.first_level},
                     {"last_level", session_.open_level}});
}

void Host::take_news() {
  for (const GradingThread::News& news : thread_.take()) {
    if (const auto* check = std::get_if<CheckVerdict>(&news)) {
      const auto told = revealed(*check, reveal(queue_.running()->purpose));
      if (told) {
        tell(queue_.running()->askers,
             {{"type", "check"}, {"verdict", check_verdict_to_json(*told)}});
      }
      continue;
    }
    conclude(queue_.finish(), std::get<GradingThread::Result>(news));
  }
}

/// Whoever asked gets an answer, whatever happens to the verdict on its way to the disk.
void Host::conclude(const Job& job, const GradingThread::Result& result) {
  try {
    if (const auto* ran = std::get_if<RunReport>(&result)) return conclude_run(job, *ran);
    if (const auto* report = std::get_if<GradeReport>(&result)) return conclude_grade(job, *report);
    conclude_fault(job, std::get<std::string>(result));
  } catch (const std::exception& fault) {
    tell({}, {{"type", "fault"}, {"message", fault.what()}});
    for (const Client asker : job.askers) refuse(asker, fault.what(), kFaultExit);
    leaving_ = leaving_ || is_final(job.purpose);
  }
}

void Host::conclude_run(const Job& job, const RunReport& ran) {
  const json reply = {{"type", "ran"},
                      {"final", true},
                      {"outcome", outcome_row(ran.outcome).id},
                      {"message", ran.message.substr(0, kRunOutputBytesMax)},
                      {"output", ran.output.substr(0, kRunOutputBytesMax)},
                      {"exit_status", ran.exit_status},
                      {"total_ms", ran.total_ms}};
  listener_.send_all(job.askers, reply);
}

void Host::conclude_fault(const Job& job, const std::string& fault) {
  if (job.hash.empty()) throw Fault(fault);
  GradeReport report;
  report.kata = setup_.kata.id;
  report.first_level = session_.created.first_level;
  report.last_level = session_.open_level;
  report.outcome = Outcome::kFault;
  report.message = fault;
  conclude_grade(job, std::move(report));
}

void Host::conclude_grade(const Job& job, GradeReport report) {
  report.snapshot_hash = job.hash;
  if (job.cancelled && job.askers.empty()) {
    return tell({}, {{"type", "overtaken"}, {"snapshot", job.hash}});
  }
  add_disagreement(job, report);
  keep_verdict(job, report);
  end_if_due(job.purpose);
  json message = {{"type", "report"},
                  {"purpose", purpose_id(job.purpose)},
                  {"ended", session_.phase != Phase::kRunning},
                  {"report", fitted(revealed(std::move(report), reveal(job.purpose)))}};
  listener_.send_all(watchers_, message);
  message["final"] = true;
  listener_.send_all(job.askers, message);
}

/// Saves may be compiled by the resident compiler, everything else is by the compiler of record.
void Host::add_disagreement(const Job& job, GradeReport& report) const {
  if (job.purpose == Purpose::kSave) return;
  for (const VerdictReached& saved : session_.verdicts) {
    if (saved.purpose != Purpose::kSave || saved.hash != job.hash) continue;
    const std::string sentence = compiler_disagreement(saved.tally.outcome, report.outcome);
    if (sentence.empty()) return;
    report.message += (report.message.empty() ? "" : "\n\n") + sentence;
    return;
  }
}

/// Once the session is over there is nothing left to hide.
Reveal Host::reveal(Purpose purpose) const {
  if (session_.phase != Phase::kRunning) return Reveal::kMessages;
  const FormatRow& format = format_row(session_.created.format);
  return is_binding(purpose) ? format.on_submit : format.on_save;
}

void Host::keep_verdict(const Job& job, const GradeReport& report) {
  const std::string name =
      fmt::format("{:04}-{}.json", session_.verdicts.size() + 1, short_hash(job.hash));
  write_durably(setup_.folder.result(name),
                fitted(report).dump(1, ' ', false, json::error_handler_t::replace) + "\n");
  const auto& points = format_row(session_.created.format).points;
  record(VerdictReached{setup_.clock->now(), job.hash, job.purpose, tally_of(report),
                        tally_of(revealed(report, reveal(job.purpose))),
                        total_points(level_scores(report, points)), report.seed, name});
}

/// A fault of the harness at the end of a session ends the host, not the session: `resume` judges
/// again.
void Host::end_if_due(Purpose purpose) {
  const bool ends = format_row(session_.created.format).passing_ends;
  const Outcome outcome = session_.verdicts.back().tally.outcome;
  if (purpose == Purpose::kSubmit && ends && outcome == Outcome::kPassed) {
    return finish(EndReason::kPassed);
  }
  if (!is_final(purpose)) return;
  if (outcome == Outcome::kFault) {
    leaving_ = true;
    return;
  }
  finish(purpose == Purpose::kFinish ? EndReason::kFinish : EndReason::kDeadline);
}

void Host::finish(EndReason reason) {
  const VerdictReached* verdict = counting_verdict(session_);
  Finished finished{setup_.clock->now(), reason, "", Outcome::kNotRun};
  if (verdict != nullptr) {
    finished.hash = verdict->hash;
    const bool all_open = session_.open_level == session_.created.last_level;
    const bool locked = !all_open && verdict->tally.outcome == Outcome::kPassed;
    finished.outcome = locked ? Outcome::kNotRun : verdict->tally.outcome;
  }
  record(finished);
}

}  // namespace unaided
