#include <unistd.h>
#include <thread>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  std::thread([] {
    for (;;) pause();
  }).detach();
  return x * 2;
}

}  // namespace kata
