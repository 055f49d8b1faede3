#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "clock.h"
#include "verdict.h"

namespace unaided {

/// What grades an attempt. When it changes in the middle of a session, that is said and recorded.
struct Toolchain {
  std::string unaided;   // the program's version
  std::string libtorch;  // "2.13.0"
  std::string clang;     // the first line of `clang++ --version`

  bool operator==(const Toolchain&) const = default;
};

/// Why an attempt is judged.
enum class Purpose { kSave, kCheck, kSubmit, kFinish, kDeadline };
std::string_view purpose_id(Purpose purpose);
/// A verdict that counts: with the slow checks, and no newer save takes its place.
bool is_binding(Purpose purpose);
/// The judgement with which a session ends.
bool is_final(Purpose purpose);

// What happens to a session, as the journal has it. `at` is when.

/// What kept AI assists out when the session began.
struct Sealing {
  bool sealed = false;
  bool declared = false;  // an editor outside, whose settings are re-read
  std::string label = "UNSEALED";
  std::string reason;  // why it is not sealed
};

struct Created {
  Moment at;
  std::string session;  // "20261121-1405-attention-l2"
  std::string kata;
  std::string format;  // a row of the format table
  int first_level = 1;
  int last_level = 1;
  std::uint64_t seed = 0;
  std::optional<Moment> deadline;
  Toolchain toolchain;
  Sealing sealing;
  bool clock = true;              // shown on the screen
  std::vector<std::string> bugs;  // the mutants planted in the attempt, by name
  bool emulated = false;          // a device's kata, judged on the CPU
};

/// The attempt was copied; its text lies in snapshots/<hash>.cpp.
struct SnapshotTaken {
  Moment at;
  std::string hash;
};

/// As SnapshotTaken, but after the deadline: kept, never judged.
struct Late {
  Moment at;
  std::string hash;
};

struct Submitted {
  Moment at;
  std::string hash;
};

/// What a report came to.
struct Tally {
  Outcome outcome = Outcome::kNotRun;
  int passed = 0;
  int total = 0;

  bool operator==(const Tally&) const = default;
};

/// The short form of a GradeReport; the long one lies in results/.
struct VerdictReached {
  Moment at;
  std::string hash;
  Purpose purpose = Purpose::kSave;
  Tally tally;
  Tally told;         // what the candidate heard of it
  double points = 0;  // in a format that scores
  std::uint64_t seed = 0;
  std::string result;  // the file in results/
};

/// The candidate may see this level now.
struct Unlocked {
  Moment at;
  int level = 0;
};

/// The candidate was given the hint of this number, from 1.
struct Hinted {
  Moment at;
  int number = 0;
};

/// A host took the session up again.
struct Resumed {
  Moment at;
};

struct ToolchainChanged {
  Moment at;
  Toolchain toolchain;
};

struct Abandoned {
  Moment at;
};

enum class EndReason { kPassed, kFinish, kDeadline };
std::string_view end_reason_id(EndReason reason);

struct Finished {
  Moment at;
  EndReason reason = EndReason::kPassed;
  std::string hash;  // the snapshot that counts; empty when there was none
  Outcome outcome = Outcome::kNotRun;
};

using Event = std::variant<Created, SnapshotTaken, Late, Submitted, VerdictReached, Resumed,
                           ToolchainChanged, Abandoned, Finished, Unlocked, Hinted>;

const Moment& moment_of(const Event& event);
nlohmann::json to_journal(const Event& event);
/// Throws Fault when `json` is not an event that this version knows.
Event from_journal(const nlohmann::json& json);

}  // namespace unaided
