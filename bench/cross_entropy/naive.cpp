#include <algorithm>
#include <cmath>

#include "cross_entropy/rungs.h"

namespace unaided::bench::cross_entropy {

float naive(const float* logits, const std::int64_t* targets, float* gradient, Sizes sizes) {
  double loss = 0;
  for (std::int64_t row = 0; row < sizes.rows; ++row) {
    const float* x = logits + row * sizes.classes;
    float* g = gradient + row * sizes.classes;
    const float max = *std::max_element(x, x + sizes.classes);
    double sum = 0;
    for (std::int64_t i = 0; i < sizes.classes; ++i) {
      g[i] = std::exp(x[i] - max);
      sum += g[i];
    }
    const auto factor = static_cast<float>(1 / (sum * static_cast<double>(sizes.rows)));
    for (std::int64_t i = 0; i < sizes.classes; ++i) g[i] *= factor;
    g[targets[row]] -= 1 / static_cast<float>(sizes.rows);
    loss += std::log(sum) + max - x[targets[row]];
  }
  return static_cast<float>(loss / static_cast<double>(sizes.rows));
}

}  // namespace unaided::bench::cross_entropy
