#include <stdexcept>

// level 1
#include "level1.h"

namespace kata {

void reverse(int* x, int count, cudaStream_t stream) {
  // TODO: level 1
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata
