#include <ATen/ops/scaled_dot_product_attention_ops.h>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return at::_ops::scaled_dot_product_attention::call(x, x, x, {}, 0.0, false, {}, false);
}

}  // namespace kata
