#include <unistd.h>

#include "level1.h"

const int hang = [] {
  for (;;) pause();
  return 0;
}();

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return x * 2;
}

}  // namespace kata
