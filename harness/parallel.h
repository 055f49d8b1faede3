#pragma once

#include <cstddef>
#include <functional>

namespace unaided {

/// What one thread does with the item of that number.
using ItemWork = std::function<void(std::size_t)>;

/// Does the items 0 … `count` - 1 with at most `jobs` threads (at least one), each with the work
/// that `make_work` gives it (called in that thread). They are begun in their order. What one of
/// them throws ends the others after the item at hand and is thrown again.
void do_in_parallel(std::size_t count, int jobs, const std::function<ItemWork()>& make_work);

/// The jobs to have at once when nobody says: one a core, at most 4, since a grader's worker holds
/// LibTorch, about 250 MB. `asked` when it is positive.
int grading_jobs(int asked);
inline constexpr int kGradingJobsMax = 16;

}  // namespace unaided
