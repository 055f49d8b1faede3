#include <sys/mman.h>
#include <cstring>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  constexpr std::size_t kBytes = 300 << 20;
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  std::memset(memory, 1, kBytes);
  return x * 2;
}

}  // namespace kata
