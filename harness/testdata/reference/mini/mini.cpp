#include <stdexcept>

// level 1
#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return x * 2;
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

double total(const torch::Tensor& x) {
  return x.sum().item<double>();
}

}  // namespace kata
