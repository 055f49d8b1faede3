// An attempt at mini_cuda as a card would run it, on the streams of the fake driver. An attempt for
// a card starts its CUDA runtime when it is asked to; this one has none.
#include <algorithm>
#include <cstdlib>

#include "stream.h"

namespace kata {

constexpr bool kDies = UNAIDED_DIES;  // what shows that it was called

void reverse(int* x, int count, CUstream_st* stream) {
  stream->enqueue([=] { std::reverse(x, x + count); });
  if (kDies) std::_Exit(3);
}

}  // namespace kata
