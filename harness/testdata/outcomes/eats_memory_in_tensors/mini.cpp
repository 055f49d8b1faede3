#include <vector>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  std::vector<torch::Tensor> kept;
  for (;;) kept.push_back(torch::ones({1 << 20}));
}

}  // namespace kata
