#include "level1.h"

int main() {
  return 0;
}

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return x * 2;
}

}  // namespace kata
