#include "level1.h"

struct Thrower {
  ~Thrower() noexcept(false) { throw 1; }
};
Thrower thrower;

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return x * 2;
}

}  // namespace kata
