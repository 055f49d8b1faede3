#include <unistd.h>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  for (;;) pause();
}

}  // namespace kata
