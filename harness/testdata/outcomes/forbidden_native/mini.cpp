#include <ATen/ops/scaled_dot_product_attention_native.h>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return at::native::scaled_dot_product_attention(x, x, x, {}, 0.0, false, {}, false);
}

}  // namespace kata
