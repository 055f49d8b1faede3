#include <torch/types.h>

namespace kata {

torch::Tensor twice(torch::Tensor x) {
  return x * 2;
}

}  // namespace kata
