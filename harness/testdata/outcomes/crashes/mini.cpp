#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  volatile int* nowhere = nullptr;
  *nowhere = 1;
  return x * 2;
}

}  // namespace kata
