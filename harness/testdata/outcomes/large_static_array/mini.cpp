#include <cstring>

#include "level1.h"

char large[std::size_t{1} << 30];

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  std::memset(large, 1, sizeof large);
  return x * (1 + large[8]);
}

}  // namespace kata
