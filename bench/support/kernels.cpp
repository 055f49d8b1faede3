#include "support/kernel.h"
#include "support/simd.h"

namespace unaided::bench {

namespace softmax {
Kernel kernel();
}
namespace rms_norm {
Kernel kernel();
}

const std::vector<Kernel>& kernels() {
  static const std::vector<Kernel> all = [] {
    limit_simd_by_environment();
    return std::vector<Kernel>{
        softmax::kernel(),
        rms_norm::kernel(),
    };
  }();
  return all;
}

}  // namespace unaided::bench
