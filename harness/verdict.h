#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace unaided {

/// What happened to an attempt or to one check. A value, never an exception; a fault of the harness
/// itself that concerns one check is kFault ("not your code").
enum class Outcome {
  kPassed,
  kWrong,
  kCompileError,
  kMissingFunction,
  kForbiddenCall,
  kTimeLimit,  // wall clock
  kCpuLimit,
  kMemoryLimit,  // resident
  kOutputLimit,
  kFileLimit,
  kCrashed,
  kIncompleteReport,
  kLate,
  kNotRun,  // cancelled by a newer save, or the check was not reached
  kFault,
};

/// The one table from which exit codes, sentences and colours of outcomes follow.
struct OutcomeRow {
  Outcome outcome;
  std::string_view id;        // in JSON and in the journal: "time_limit"
  std::string_view label;     // on the screen: "time limit"
  std::string_view sentence;  // what it means and what to do next
  int exit_code;              // 0 passed, 1 the attempt fell short, 2 the harness is at fault
  std::string_view colour;    // ANSI SGR parameters
};

const OutcomeRow& outcome_row(Outcome outcome);
std::span<const OutcomeRow> outcome_rows();
std::optional<Outcome> outcome_from_id(std::string_view id);

/// What a check is, before it has run.
struct CheckName {
  int level = 0;          // 1-based
  std::string behaviour;  // the GoogleTest suite: "CausalMask"
  std::string name;       // the fact: "AlignsToTheLowerRight"
  bool example = false;   // shown in the statement; its failure may show the attempt's own output
  bool slow = false;      // runs at submit only

  bool operator==(const CheckName&) const = default;
};

struct CheckVerdict {
  CheckName check;
  Outcome outcome = Outcome::kNotRun;
  std::string message;  // behaviour, input or seed, expected, got
  std::string output;   // the attempt's own output, first 2 KB
  double wall_ms = 0;
  std::int64_t memory_kb = 0;  // peak resident growth that was seen
};

/// How much of a verdict the candidate is told. The whole is always kept for the debrief.
enum class Reveal {
  kExamples,  // the public examples, with their messages
  kCounts,    // how many checks of each level passed; none by name
  kNames,     // every check by name, passed or not; no messages
  kMessages,  // everything
};
std::string_view reveal_id(Reveal reveal);
std::optional<Reveal> reveal_from_id(std::string_view id);

/// In a report's `device`: the checks ran on the CPU, on a device that is none.
inline constexpr std::string_view kEmulatedDevice = "emulated";

/// What a tool said that watched a device's checks run. No verdict.
struct SanitizerFindings {
  std::string tool;  // of compute-sanitizer: "racecheck"
  int errors = 0;
  std::string text;     // one finding after the other
  std::string trouble;  // why that is not all, or nothing; empty when all checks were watched
};

/// The verdict on one attempt: its own outcome when it never reached a check (compile error,
/// missing function, forbidden call, fault), else kPassed or the outcome of the first check that
/// failed.
struct GradeReport {
  std::string kata;
  std::string snapshot_hash;  // names the attempt that was judged
  int first_level = 1;
  int last_level = 1;   // that was judged
  int asked_level = 0;  // the last that was asked for; more than last_level where it is not written
  std::uint64_t seed = 0;
  Outcome outcome = Outcome::kNotRun;
  std::string message;  // for outcomes without checks: compiler errors, the missing function, …
  std::vector<CheckVerdict> checks;
  Reveal told = Reveal::kMessages;           // what of the checks is in here
  std::vector<std::string> limits_not_held;  // empty in a full sandbox
  std::string device;  // what a device's kata ran on: kEmulatedDevice or a card; empty for others
  std::optional<SanitizerFindings> sanitizer;  // where one was asked for
  double compile_ms = 0;
  double total_ms = 0;

  int passed_count() const;
  bool level_passed(int level) const;
};

/// Makes the report's outcome that of its first check that did not pass; a missing function when
/// all passed, but not all levels asked for are written yet.
void settle_outcome(GradeReport& report);

/// 0 when everything that was asked for passed, 1 when the attempt fell short, 2 on a fault.
/// Never 0 when a check that was asked for did not run.
int exit_code(const GradeReport& report);

}  // namespace unaided
