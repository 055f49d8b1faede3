#include <cmath>

#include "rms_norm/rungs.h"

namespace unaided::bench::rms_norm {

void naive(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t row = 0; row < rows; ++row, x += columns, y += columns) {
    double squares = 0;
    for (std::int64_t i = 0; i < columns; ++i) squares += double{x[i]} * x[i];
    const double mean = squares / static_cast<double>(columns);
    const auto scale = static_cast<float>(1 / std::sqrt(mean + kEpsilon));
    for (std::int64_t i = 0; i < columns; ++i) y[i] = x[i] * scale * weight[i];
  }
}

}  // namespace unaided::bench::rms_norm
