#include <cstdio>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  for (;;) std::puts("a line of output that nobody asked for");
}

}  // namespace kata
