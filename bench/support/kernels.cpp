#include "support/kernel.h"
#include "support/simd.h"

namespace unaided::bench {

namespace attention_decode {
Kernel kernel();
}
namespace sampling {
Kernel kernel();
}
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
        attention_decode::kernel(),
        sampling::kernel(),
        softmax::kernel(),
        rms_norm::kernel(),
    };
  }();
  return all;
}

}  // namespace unaided::bench
