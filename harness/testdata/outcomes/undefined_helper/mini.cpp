#include "level1.h"

torch::Tensor helper(const torch::Tensor& x);

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return helper(x);
}

}  // namespace kata
