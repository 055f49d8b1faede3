#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  throw 42;
}

}  // namespace kata
