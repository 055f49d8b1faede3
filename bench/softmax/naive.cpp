#include <algorithm>
#include <cmath>

#include "softmax/rungs.h"

namespace unaided::bench::softmax {

void naive(const float* x, float* y, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t row = 0; row < rows; ++row, x += columns, y += columns) {
    const float max = *std::max_element(x, x + columns);
    double sum = 0;
    for (std::int64_t i = 0; i < columns; ++i) {
      y[i] = std::exp(x[i] - max);
      sum += y[i];
    }
    const auto inverse = static_cast<float>(1 / sum);
    for (std::int64_t i = 0; i < columns; ++i) y[i] *= inverse;
  }
}

}  // namespace unaided::bench::softmax
