#include "parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace unaided {
namespace {

TEST(DoInParallel, DoesEachItemOnceWhateverTheNumberOfThreads) {
  for (const int jobs : {-1, 0, 1, 4, 100}) {
    std::vector<std::atomic<int>> done(50);
    do_in_parallel(done.size(), jobs,
                   [&done]() -> ItemWork { return [&done](std::size_t i) { ++done[i]; }; });
    for (const std::atomic<int>& count : done) EXPECT_EQ(count, 1);
  }
}

TEST(DoInParallel, NothingToDoMakesNoWork) {
  do_in_parallel(0, 4, []() -> ItemWork { throw std::logic_error("nobody asked"); });
}

TEST(DoInParallel, WhatOneThrowsEndsTheOthersAndIsThrownAgain) {
  std::atomic<int> done = 0;
  const auto make_work = [&done]() -> ItemWork {
    return [&done](std::size_t) {
      if (++done == 3) throw std::runtime_error("third");
      // All others would take longer than any thread is kept from running.
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    };
  };
  EXPECT_THROW(do_in_parallel(100'000, 2, make_work), std::runtime_error);
  EXPECT_LT(done, 100'000);
}

TEST(GradingJobs, WhatIsAskedForWins) {
  EXPECT_EQ(grading_jobs(7), 7);
  EXPECT_GE(grading_jobs(0), 1);
  EXPECT_LE(grading_jobs(0), 4);
}

}  // namespace
}  // namespace unaided
