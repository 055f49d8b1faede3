#include <memory>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  std::unique_ptr<char[]> untouched(new char[200 << 20]);
  return x * 2;
}

}  // namespace kata
