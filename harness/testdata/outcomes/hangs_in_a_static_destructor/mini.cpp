#include <unistd.h>

#include "level1.h"

struct Hang {
  ~Hang() {
    for (;;) pause();
  }
};
Hang hang;

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return x * 2;
}

}  // namespace kata
