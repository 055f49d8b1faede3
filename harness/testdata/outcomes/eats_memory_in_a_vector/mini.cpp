#include <vector>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  std::vector<std::vector<double>> kept;
  for (;;) kept.emplace_back(1 << 20, 1.0);
}

}  // namespace kata
