#include "trials.h"

#include <mutex>

#include "fault.h"
#include "parallel.h"

namespace unaided {

std::vector<TrialResult> run_trials(std::span<const Trial> trials, int jobs,
                                    const std::function<TrialGrader()>& make_grader,
                                    const std::function<void(const TrialResult&)>& progress,
                                    const CancelToken& interrupt) {
  std::vector<TrialResult> results(trials.size());
  std::mutex mutex;  // guards the calls of progress
  const auto make_work = [&]() -> ItemWork {
    return [&, grade = make_grader()](std::size_t i) {
      if (interrupt.cancelled()) throw Fault("interrupted");
      results[i] = {trials[i], grade(trials[i])};
      const std::lock_guard lock(mutex);
      progress(results[i]);
    };
  };
  do_in_parallel(trials.size(), jobs, make_work);
  if (interrupt.cancelled()) throw Fault("interrupted");
  return results;
}

}  // namespace unaided
