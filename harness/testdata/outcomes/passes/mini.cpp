#include "level1.h"
#include "level2.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return x * 2;
}

double total(const torch::Tensor& x) {
  return x.sum().item<double>();
}

}  // namespace kata
