#include "support/card_kernels.h"
#include "support/kernel.h"
#include "support/simd.h"

namespace unaided::bench {

namespace attention_prefill {
Kernel kernel();
}
namespace attention_decode {
Kernel kernel();
}
namespace sampling {
Kernel kernel();
}
namespace cross_entropy {
Kernel kernel();
}
namespace adamw_step {
Kernel kernel();
}
namespace softmax {
Kernel kernel();
}
namespace rms_norm {
Kernel kernel();
}

namespace top_k {
Kernel kernel();
}

const std::vector<Kernel>& kernels() {
  static const std::vector<Kernel> all = [] {
    limit_simd_by_environment();
    return std::vector<Kernel>{
        attention_prefill::kernel(), attention_decode::kernel(), sampling::kernel(),
        cross_entropy::kernel(),     adamw_step::kernel(),       softmax::kernel(),
        rms_norm::kernel(),
    };
  }();
  return all;
}

std::vector<Kernel> card_kernels() {
  return {top_k::kernel()};
}

}  // namespace unaided::bench
