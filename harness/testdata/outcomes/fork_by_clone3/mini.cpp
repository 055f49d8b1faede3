#include <sys/syscall.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  struct {
    unsigned long long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  } arguments{0, 0, 0, 0, SIGCHLD, 0, 0, 0};
  if (syscall(SYS_clone3, &arguments, sizeof arguments) >= 0) std::abort();
  return x * 2;
}

}  // namespace kata
