#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "event.h"
#include "grading_thread.h"

namespace unaided {

/// Something to judge or to run, and who waits for it.
struct Job {
  using Asker = std::uint64_t;

  Purpose purpose = Purpose::kSave;
  std::string hash;         // of the snapshot; empty for a run
  GradingThread::Job work;  // GradeRequest or RunRequest
  std::vector<Asker> askers;
  bool cancelled = false;
};

/// What the grading thread does next. Pure bookkeeping: jobs in the order they came, but a save or
/// check gives way to any newer job when nobody waits for its verdict (any more), and a check of
/// what is being checked already joins that. A submit never gives way.
class JobQueue {
 public:
  void add(Job job);

  /// Those who went away wait no longer.
  void forget(const std::function<bool(Job::Asker)>& gone);

  /// The running job is one that nobody waits for, and a newer one has overtaken it: cancel it.
  bool overtaken() const;

  /// Makes the next job the running one; nothing when there is none or one runs.
  const Job* start_next();
  Job* running() { return running_ ? &*running_ : nullptr; }
  /// The running job has ended.
  Job finish();
  /// True when `asker` waits for a job.
  bool awaited_by(Job::Asker asker) const;
  bool idle() const { return !running_ && waiting_.empty(); }

 private:
  std::optional<Job> running_;
  std::deque<Job> waiting_;
};

}  // namespace unaided
