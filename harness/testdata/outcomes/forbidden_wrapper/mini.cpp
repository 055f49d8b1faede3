#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return torch::scaled_dot_product_attention(x, x, x);
}

}  // namespace kata
