#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace unaided {
namespace {

constexpr int kJobsDefaultMax = 4;

}  // namespace

void do_in_parallel(std::size_t count, int jobs, const std::function<ItemWork()>& make_work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;  // guards failure
  std::exception_ptr failure;

  const auto work = [&] {
    try {
      const ItemWork do_item = make_work();
      for (std::size_t i = next++; i < count; i = next++) do_item(i);
    } catch (...) {
      next = count;
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };

  const std::size_t thread_count = std::min(count, static_cast<std::size_t>(std::max(1, jobs)));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < thread_count; ++i) threads.emplace_back(work);
  threads.clear();  // joins
  if (failure) std::rethrow_exception(failure);
}

int grading_jobs(int asked) {
  if (asked > 0) return asked;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kJobsDefaultMax);
}

}  // namespace unaided
