#include "level1.h"

// NOLINTNEXTLINE(misc-no-recursion)
int depth(volatile int level) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(level);
  return depth(level + 1) + frame[0];
}

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return x * static_cast<double>(depth(1));
}

}  // namespace kata
