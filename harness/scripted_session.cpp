#include "scripted_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "format.h"
#include "journal.h"
#include "report_json.h"
#include "scoring.h"
#include "sha256.h"
#include "text_file.h"

namespace unaided {
namespace {

constexpr std::int64_t kJudgedAfterMs = 400;

GradeReport report_of(const ScriptedSession& script, const ScriptedSave& save) {
  GradeReport report;
  report.kata = script.kata;
  report.first_level = script.first_level;
  report.last_level = report.asked_level = save.last_level;
  report.seed = 7;
  for (int level = script.first_level; level <= save.last_level; ++level) {
    for (const std::string behaviour : kScriptedBehaviours) {
      const auto& failed = save.failed;
      const bool fails = level == save.last_level &&
                         std::find(failed.begin(), failed.end(), behaviour) != failed.end();
      for (const char* name : {"OnSmallInput", "OnAwkwardInput"}) {
        CheckVerdict verdict;
        verdict.check = {level, behaviour, name, /*example=*/false, /*slow=*/false};
        verdict.outcome = fails ? Outcome::kWrong : Outcome::kPassed;
        if (fails) verdict.message = "expected 1.25, got 0.75 at [0, 1]";
        verdict.wall_ms = 3;
        report.checks.push_back(verdict);
      }
    }
  }
  settle_outcome(report);
  return report;
}

Created created(const SessionFolder& folder, const ScriptedSession& script) {
  Created event;
  event.at = {"scripted", 1'000'000, script.began_utc_ms};
  event.session = folder.id();
  event.kata = script.kata;
  event.format = script.format;
  event.first_level = script.first_level;
  event.last_level = script.last_level;
  event.deadline = later(event.at, script.allowed_ms);
  event.toolchain = {"0.1.0", "2.13.0", "clang 14"};
  event.sealing.reason = "nobody sits down to a terminal of ours";
  return event;
}

/// Appends what one save leads to, and gives the session after it.
class Scribe {
 public:
  Scribe(const SessionFolder& folder, const ScriptedSession& script)
      : folder_(folder), script_(script), journal_(folder.journal()) {
    record(created(folder, script));
  }

  void save(const ScriptedSave& save) {
    while (session_.open_level < save.last_level) {
      record(Unlocked{at(save.at_ms - 1), session_.open_level + 1});
    }
    const std::string text = fmt::format("// save {}\n", session_.snapshots.size() + 1);
    const std::string hash = sha256(text);
    write_text_file(folder_.snapshot(hash), text);
    record(SnapshotTaken{at(save.at_ms), hash});
    if (save.purpose == Purpose::kSubmit) record(Submitted{at(save.at_ms), hash});
    GradeReport report = report_of(script_, save);
    report.snapshot_hash = hash;
    const std::string name = fmt::format("{:04}.json", session_.verdicts.size() + 1);
    write_text_file(folder_.result(name), report_to_json(report).dump(1) + "\n");
    const Tally tally{report.outcome, report.passed_count(),
                      static_cast<int>(report.checks.size())};
    const auto& points = format_row(script_.format).points;
    record(VerdictReached{at(save.at_ms + kJudgedAfterMs), hash, save.purpose, tally, tally,
                          total_points(level_scores(report, points)), report.seed, name});
  }

  void end() {
    const std::int64_t end_ms =
        (script_.saves.empty() ? 0 : script_.saves.back().at_ms) + 2 * kJudgedAfterMs;
    if (script_.running) return;
    if (script_.abandoned) return record(Abandoned{at(end_ms)});
    const VerdictReached* counting = counting_verdict(session_);
    Finished finished{at(end_ms), EndReason::kFinish, "", Outcome::kNotRun};
    if (counting != nullptr) finished.hash = counting->hash;
    if (counting != nullptr) finished.outcome = counting->tally.outcome;
    record(finished);
  }

 private:
  Moment at(std::int64_t ms) const { return later(session_.created.at, ms); }
  void record(const Event& event) {
    session_ = unaided::apply(std::move(session_), event);
    journal_.append(to_journal(event));
  }

  const SessionFolder& folder_;
  const ScriptedSession& script_;
  Journal journal_;
  Session session_;
};

}  // namespace

SessionFolder write_scripted_session(const SessionStore& store, const ScriptedSession& script) {
  const SessionFolder folder = store.create(script.kata, {script.first_level, script.last_level},
                                            {"scripted", 0, script.began_utc_ms});
  Scribe scribe(folder, script);
  for (const ScriptedSave& save : script.saves) scribe.save(save);
  scribe.end();
  return folder;
}

ScriptedSession scripted_drill(const std::string& kata, int level, std::int64_t began_utc_ms,
                               std::int64_t pass_ms, const std::string& behaviour) {
  ScriptedSession script;
  script.kata = kata;
  script.first_level = script.last_level = level;
  script.began_utc_ms = began_utc_ms;
  std::vector<std::string> failed;
  if (!behaviour.empty()) failed.push_back(behaviour);
  script.saves = {{pass_ms / 4, Purpose::kSave, level, {"Values", "Edges"}},
                  {pass_ms / 2, Purpose::kCheck, level, {"Edges"}},
                  {pass_ms, Purpose::kSubmit, level, failed}};
  return script;
}

}  // namespace unaided
