#include <dlfcn.h>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return x * (dlsym(nullptr, "malloc") != nullptr ? 2 : 1);
}

}  // namespace kata
