#include "job_queue.h"

#include <algorithm>
#include <utility>

namespace unaided {
namespace {

bool gives_way(const Job& job) {
  return !is_binding(job.purpose) && job.askers.empty();
}

bool same_settings(const GradeRequest& a, const GradeRequest& b) {
  return a.slow == b.slow && a.of_record == b.of_record &&
         a.full_diagnostics == b.full_diagnostics && a.seed == b.seed && a.only == b.only;
}

/// Two checks of one snapshot are the same work. A save is not: it may be compiled by the resident
/// compiler, a check asks the compiler of record. A verdict that counts is always its own.
bool same_work(const Job& known, const Job& job) {
  const auto* known_grade = std::get_if<GradeRequest>(&known.work);
  const auto* grade = std::get_if<GradeRequest>(&job.work);
  const bool joinable = !is_binding(job.purpose) && !is_binding(known.purpose);
  return joinable && grade && known_grade && known.hash == job.hash && !known.cancelled &&
         same_settings(*known_grade, *grade);
}

bool waits(const Job& job, Job::Asker asker) {
  return std::find(job.askers.begin(), job.askers.end(), asker) != job.askers.end();
}

}  // namespace

void JobQueue::add(Job job) {
  const auto join = [&job](Job& known) {
    if (!same_work(known, job)) return false;
    known.askers.insert(known.askers.end(), job.askers.begin(), job.askers.end());
    return true;
  };
  if (running_ && join(*running_)) return;
  for (Job& known : waiting_) {
    if (join(known)) return;
  }
  std::erase_if(waiting_, gives_way);
  waiting_.push_back(std::move(job));
}

void JobQueue::forget(const std::function<bool(Job::Asker)>& gone) {
  if (running_) std::erase_if(running_->askers, gone);
  for (Job& job : waiting_) std::erase_if(job.askers, gone);
}

bool JobQueue::overtaken() const {
  return running_ && !running_->cancelled && gives_way(*running_) && !waiting_.empty();
}

const Job* JobQueue::start_next() {
  if (running_ || waiting_.empty()) return nullptr;
  running_ = std::move(waiting_.front());
  waiting_.pop_front();
  return &*running_;
}

Job JobQueue::finish() {
  Job job = std::move(*running_);
  running_.reset();
  return job;
}

bool JobQueue::awaited_by(Job::Asker asker) const {
  if (running_ && waits(*running_, asker)) return true;
  return std::any_of(waiting_.begin(), waiting_.end(),
                     [asker](const Job& job) { return waits(job, asker); });
}

}  // namespace unaided
