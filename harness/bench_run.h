// Runs unaided-bench as a bounded child in a sandbox. An attempt is hostile code: it gets no
// network, writes nothing and ends in time; what comes back is checked before it is believed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench_report.h"
#include "gpu.h"
#include "installation.h"

namespace unaided {

class CancelToken;

/// A card to measure on.
struct BenchDevice {
  GpuSurvey survey;
  int index = 0;
};

/// One problem with some of its kernel's rungs; the baseline is always among them.
struct BenchItem {
  std::string kernel, shape, dtype;
  std::vector<std::string> rungs;
};

/// A shared object that is timed as a rung.
struct BenchLibrary {
  std::filesystem::path file;       // empty: none
  std::vector<std::string> shapes;  // that its contract can express; empty: all
};

/// What is to be measured.
struct BenchRequest {
  std::vector<BenchItem> items;  // exactly these; where there are some, the next two lines are void
  std::vector<std::string> kernels;
  std::string shape, dtype, rung;     // empty: all
  std::optional<BenchDevice> device;  // to measure on, instead of the processor
  int threads = 1;
  double budget_s = 60;
  bool tiny = false;
  BenchLibrary attempt;
  std::string attempt_build;  // how it was compiled, for the fingerprint
  BenchLibrary fast;          // on a card: the expert's
};

/// Hears what part is done, how many seconds are left (negative: unknown) and what is measured.
using BenchProgress = std::function<void(double done, double left_s, const std::string& text)>;

struct BenchOutcome {
  enum class Result { kMeasured, kAttemptFailed, kCancelled };
  Result result = Result::kMeasured;
  BenchReport report;       // of kMeasured
  nlohmann::json document;  // the same, as Google Benchmark's JSON
  std::string sentence;     // of kAttemptFailed: what the attempt did to the run
};

/// Throws Fault when the harness is to blame: the card asked for is not seen inside the sandbox, no
/// unaided-bench, or it ended without a report and
/// there was no attempt that could have ended it.
BenchOutcome run_bench(const Installation& installation, const BenchRequest& request,
                       const BenchProgress& progress, const CancelToken* cancel);

/// What unaided-bench can measure on the processor or on a card: its kernels with problems and
/// contracts, as JSON.
nlohmann::json list_kernels(const Installation& installation, bool on_card);

/// One thing that `unaided bench --self-test` tried.
struct MeasuringTrial {
  std::string text;
  bool passed = false;
};

/// Has unaided-bench measure its own measuring; nothing when interrupted. About a minute.
std::vector<MeasuringTrial> test_measuring(const Installation& installation,
                                           const BenchProgress& progress,
                                           const CancelToken* cancel);

}  // namespace unaided
