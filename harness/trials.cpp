#include "trials.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "fault.h"

namespace unaided {

std::vector<TrialResult> run_trials(std::span<const Trial> trials, int jobs,
                                    const std::function<TrialGrader()>& make_grader,
                                    const std::function<void(const TrialResult&)>& progress,
                                    const CancelToken& interrupt) {
  std::vector<TrialResult> results(trials.size());
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;  // guards failure and the calls of progress
  std::exception_ptr failure;

  const auto work = [&] {
    try {
      const TrialGrader grade = make_grader();
      for (std::size_t i = next++; i < trials.size(); i = next++) {
        if (interrupt.cancelled()) throw Fault("interrupted");
        results[i] = {trials[i], grade(trials[i])};
        const std::lock_guard lock(mutex);
        progress(results[i]);
      }
    } catch (...) {
      next = trials.size();
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };

  const std::size_t thread_count =
      std::min(trials.size(), static_cast<std::size_t>(std::max(1, jobs)));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < thread_count; ++i) threads.emplace_back(work);
  threads.clear();  // joins
  if (failure) std::rethrow_exception(failure);
  if (interrupt.cancelled()) throw Fault("interrupted");
  return results;
}

}  // namespace unaided
