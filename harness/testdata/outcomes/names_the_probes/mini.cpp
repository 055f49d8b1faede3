#include "level1.h"

namespace support {
struct OperatorProbe {
  OperatorProbe();
};
}  // namespace support

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  support::OperatorProbe probe;
  return x * 2;
}

}  // namespace kata
