#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  static_cast<void>(x);
}

}  // namespace kata
