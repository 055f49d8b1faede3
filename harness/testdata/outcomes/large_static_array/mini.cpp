#include "level1.h"

char large[std::size_t{1} << 30];

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  large[7] = 1;
  return x * (2 + large[8]);
}

}  // namespace kata
