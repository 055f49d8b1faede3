#include <unistd.h>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  if (vfork() == 0) _exit(0);
  return x * 2;
}

}  // namespace kata
