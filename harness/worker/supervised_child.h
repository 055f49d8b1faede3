#pragma once

#include <poll.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "../kata.h"
#include "../process.h"
#include "../protocol.h"
#include "../verdict.h"
#include "check_child.h"

namespace unaided {

/// What came of one child.
struct ChildEnd {
  Outcome outcome = Outcome::kFault;
  std::string message;
  std::string output;
  int exit_status = 0;
  double wall_ms = 0;
  std::int64_t memory_kb = 0;
  bool anomaly = false;  // killed by somebody else: worth one more try before anybody is blamed
};

/// A forked child under its limits: waits for its task, then is watched, killed when it exceeds a
/// limit, judged at its death. One that is never given a task ends with this object.
class SupervisedChild {
 public:
  struct Kind {
    bool sanitized = false;  // AddressSanitizer reserves more address space than any limit allows
    bool card = false;       // to use one
    bool early = false;      // forked ahead of its task
  };

  /// Forks.
  SupervisedChild(const UnaidedCheckLibrary* library, const Limits& limits, Kind kind);
  ~SupervisedChild();
  SupervisedChild(const SupervisedChild&) = delete;
  SupervisedChild& operator=(const SupervisedChild&) = delete;

  /// Whether it still waits for its task.
  bool waits() const;
  /// Sets it to work, once; the nonce is filled in here.
  void start(ChildTask task, std::size_t output_bytes_kept);

  int check() const { return task_.check; }
  /// Its death and its two pipes, for poll.
  std::array<pollfd, 3> poll_set() const;
  /// Reads what has come and enforces the limits; true once the child is dead and reaped.
  bool observe();
  /// The judgement, once observe() has said true.
  ChildEnd end() const;

 private:
  void read_output();
  void read_report();
  void enforce_limits();
  void kill_for(Outcome outcome, const std::string& message);
  ChildEnd judge_status() const;
  /// The record that this child sent, if it sent one and nothing else; else an empty object.
  nlohmann::json sole_record() const;
  ChildEnd judge_record(const nlohmann::json& record) const;
  ChildEnd judge_unloaded(const std::string& why) const;

  ChildTask task_;
  Limits limits_;
  std::size_t output_bytes_kept_ = 0;
  pid_t pid_ = -1;
  Descriptor death_;
  Descriptor command_;
  Descriptor report_;
  Descriptor output_;
  double start_ms_ = 0;
  double wall_ms_ = 0;
  double next_look_ms_ = 0;
  std::int64_t memory_kb_base_ = 0;
  std::int64_t memory_kb_ = 0;
  std::size_t output_bytes_ = 0;
  std::string output_text_;
  std::string report_bytes_;
  std::optional<ChildEnd> killed_for_;
  int status_ = 0;
};

}  // namespace unaided
