#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  for (volatile int i = 0;; i = i + 1) {
  }
}

}  // namespace kata
