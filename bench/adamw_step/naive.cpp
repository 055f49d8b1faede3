#include <cmath>

#include "adamw_step/rungs.h"

namespace unaided::bench::adamw_step {

void naive(const Slot& slot, const Factors& factors) {
  for (std::int64_t i = 0; i < slot.size; ++i) {
    const float g = slot.g[i];
    const float m = factors.beta1 * slot.m[i] + factors.rest1 * g;
    const float v = factors.beta2 * slot.v[i] + factors.rest2 * g * g;
    slot.m[i] = m;
    slot.v[i] = v;
    const float root = std::sqrt(v) * factors.inverse_root2;
    slot.p[i] = slot.p[i] * factors.decay - factors.rate * m / (root + factors.eps);
  }
}

}  // namespace unaided::bench::adamw_step
