#include <stdexcept>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  throw std::runtime_error("bad \xff\xfe\x80 bytes");
}

}  // namespace kata
