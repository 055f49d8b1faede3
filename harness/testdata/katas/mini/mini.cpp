#include <stdexcept>

// level 1
#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  // TODO: level 1
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

double total(const torch::Tensor& x) {
  // TODO: level 2
  throw std::logic_error("level 2: not written yet");
}

}  // namespace kata
