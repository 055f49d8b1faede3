#include <sys/mman.h>
#include <unistd.h>
#include <cstring>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  constexpr std::size_t kBytes = 300 << 20;
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(memory, 1, kBytes);
  sleep(1);
  return x * 2;
}

}  // namespace kata
