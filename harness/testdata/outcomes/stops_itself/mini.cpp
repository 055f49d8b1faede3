#include <csignal>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  raise(SIGSTOP);
  return x * 2;
}

}  // namespace kata
