#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "installation.h"
#include "kata.h"
#include "verdict.h"

namespace unaided {

class ResidentCompiler;

/// Lets another thread stop what a grader is doing. `fd` becomes readable for good once cancelled.
class CancelToken {
 public:
  CancelToken();
  ~CancelToken();
  CancelToken(const CancelToken&) = delete;
  CancelToken& operator=(const CancelToken&) = delete;

  void cancel();
  bool cancelled() const;
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// What to grade, and how strictly.
struct GradeRequest {
  std::string source;  // the attempt's text: a snapshot, never a path that may change meanwhile
  int first_level = 1;
  int last_level = 1;
  bool as_far_as_defined = false;  // only up to the highest level that is defined with all below it
  int contracts = 0;               // up to which level they may be included; 0: all
  bool of_record = false;          // compiled by stock clang, whatever else there is
  bool slow = false;               // also the checks tagged SLOW_
  bool full_diagnostics = false;   // compiler output unabridged
  bool show_output = false;        // attempt's output also for hidden checks (drills)
  std::uint64_t seed = 0;          // 0: a fresh one
  std::string only;                // "Behaviour.Name" of one check, or empty
  std::string sanitizer;           // a tool that then watches the checks on a card, or empty
};

/// A seed that nobody has chosen: never 0.
std::uint64_t fresh_seed();

/// Called from grade() as each check's verdict arrives, in the order of completion.
using VerdictSink = std::function<void(const CheckVerdict&)>;

/// What `run` shows: the candidate's own main, built from try.cpp and the attempt.
struct RunRequest {
  std::string source;      // the attempt
  std::string try_source;  // try.cpp
  int contracts = 0;       // as in a GradeRequest
};
struct RunReport {
  Outcome outcome = Outcome::kNotRun;  // kPassed when main returned 0
  std::string message;
  std::string output;  // stdout and stderr, bounded
  int exit_status = 0;
  double total_ms = 0;
};

/// From a snapshot to verdicts: compiles it alone in a sandbox, links it, and has a worker run each
/// check in a forked child. Blocking; one call at a time. Owns the worker and a scratch folder,
/// both gone with it. Throws Fault when the harness cannot do its work (no compiler, no worker);
/// what an attempt does is always a verdict.
class Grader {
 public:
  struct Options {
    bool sandbox = true;                   // false: without bubblewrap, labelled in every report
    int parallel_checks = 0;               // 0: as many as there are cores, at most 4
    std::filesystem::path scratch_parent;  // of the scratch folder; empty: runtime_folder()
    std::shared_ptr<ResidentCompiler> resident;  // compiles when it is ready; may be null
    int resident_slot = 0;                       // that this grader alone uses
    bool emulated = false;  // a device's kata on the CPU; labelled in every report
  };

  Grader(const Installation& installation, const Kata& kata, const Options& options);
  ~Grader();

  /// Starts the worker (and the header cache) now rather than at the first attempt.
  void warm_up();

  GradeReport grade(const GradeRequest& request, const VerdictSink& sink,
                    const CancelToken* cancel);
  /// Has a shared object that was built elsewhere judged by the checks: code that is no attempt's
  /// text, as a benchmark's kernel behind a contract. Nothing is looked at but what it does; of the
  /// request, source and contracts are void.
  GradeReport judge(const std::filesystem::path& library, const GradeRequest& request);
  RunReport run(const RunRequest& request, const CancelToken* cancel);

  /// The checks that the levels asked for have, without running anything.
  std::vector<CheckName> checks(int first_level, int last_level);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace unaided
