#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "compiler.h"
#include "installation.h"
#include "kata.h"
#include "process.h"
#include "protocol.h"
#include "sandbox.h"
#include "verdict.h"

namespace unaided {

class CancelToken;
struct CheckDevice;

/// The worker's argument before the JSON of the one task that it then runs, without a grader.
inline constexpr const char* kAlone = "--alone";

/// How the last line begins that it then writes: all checks ran.
inline constexpr std::string_view kAllRan = "unaided: checks that ran under the tool: ";

/// What a worker sees: its libraries, and the folder `attempts`.
SandboxPolicy worker_policy(const Installation& installation, const Kata& kata,
                            const std::filesystem::path& header_library,
                            const std::filesystem::path& attempts, Instrumentation instrumentation);

/// Adds a card to that.
void show_device(const CheckDevice& device, SandboxPolicy& policy);

/// A running worker, seen from the grader: one request at a time, verdicts as they fall.
class WorkerLink {
 public:
  /// Starts the worker and waits until it is warm. `attempts` is the folder that it may read shared
  /// objects from; `device` a real card that it must see, or null. Throws Fault with the worker's
  /// own words when it does not come up.
  WorkerLink(const Installation& installation, const Kata& kata, const HeaderCache& headers,
             const std::filesystem::path& attempts, Instrumentation instrumentation, bool sandbox,
             const CheckDevice* device = nullptr);

  enum class End { kDone, kCancelled, kLost };
  /// Sends `request` and calls `verdict` for each reply until all have come. kLost when the worker
  /// died or sent what it must not: the link is then unusable.
  End ask(nlohmann::json request, const std::function<void(const nlohmann::json&)>& verdict,
          const CancelToken* cancel);

  const std::vector<CheckName>& checks() const { return checks_; }

 private:
  End converse(std::uint64_t id, const std::function<void(const nlohmann::json&)>& verdict,
               const CancelToken* cancel);
  void await_ready(const Kata& kata);

  Process process_;
  Descriptor socket_;
  Descriptor words_;  // the worker's stderr
  FrameReader reader_;
  std::vector<CheckName> checks_;
  std::uint64_t last_id_ = 0;
};

}  // namespace unaided
