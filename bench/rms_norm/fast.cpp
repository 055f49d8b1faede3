// RMSNorm by rows. A row (4,096 floats are 16 KiB) is read from memory once, for its sum of
// squares, and is in L1 when it is read again to be scaled.
//
// What moves: 4 bytes read and 4 written for each element. What is computed, two products and a sum
// for each, is nothing beside that, so all that counts is to keep memory busy: results are stored
// past the caches, and while a row is scaled, which reads L1 only, the next one is asked for.
// Four sums at once, since one alone would wait for the latency of every addition; that also
// shortens the chains of float32 additions to a 64th of the row, and the error with them.
#include "rms_norm/rungs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "rms_norm/fast.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "support/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::rms_norm {
namespace HWY_NAMESPACE {
using namespace vectors::HWY_NAMESPACE;

constexpr std::size_t kStep = 4 * kLanes;

HWY_INLINE float sum_of_squares(const float* x, std::size_t columns) {
  constexpr std::size_t kAhead = 1024;  // floats, the distance of the prefetch
  const Floats d;
  Vector sums[4];
  fill(sums, 0);
  std::size_t i = 0;
  for (; i + kStep <= columns; i += kStep) {
    UNAIDED_UNROLL for (std::size_t k = 0; k < 4; ++k) {
      prefetch(x + i + kLanes * k + kAhead, k);
      const Vector v = hn::LoadU(d, x + i + kLanes * k);
      sums[k] = hn::MulAdd(v, v, sums[k]);
    }
  }
  float sum = sum_of(sums);
  for (; i < columns; ++i) sum += x[i] * x[i];
  return sum;
}

HWY_INLINE void stream_scaled(const float* x, float scale, const float* weight, float* y,
                              std::size_t columns) {
  const Floats d;
  const Vector scales = hn::Set(d, scale);
  const std::size_t head = std::min(columns, floats_to_alignment(y));
  std::size_t i = 0;
  for (; i < head; ++i) y[i] = x[i] * scale * weight[i];
  for (; i + kStep <= columns; i += kStep) {
    UNAIDED_UNROLL for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t at = i + kLanes * k;
      prefetch(x + columns + at, k);
      const Vector scaled = hn::Mul(hn::LoadU(d, x + at), scales);
      hn::Stream(hn::Mul(scaled, hn::LoadU(d, weight + at)), d, y + at);
    }
  }
  for (; i < columns; ++i) y[i] = x[i] * scale * weight[i];
}

void rows_of_rms_norm(const float* x, const float* weight, float* y, std::int64_t rows,
                      std::int64_t columns) {
  const auto size = static_cast<std::size_t>(columns);
  for (std::int64_t row = 0; row < rows; ++row, x += columns, y += columns) {
    const double mean = double{sum_of_squares(x, size)} / static_cast<double>(columns);
    stream_scaled(x, static_cast<float>(1 / std::sqrt(mean + kEpsilon)), weight, y, size);
  }
  hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::rms_norm
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace unaided::bench::rms_norm {

HWY_EXPORT(rows_of_rms_norm);

void fast(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t columns) {
  HWY_DYNAMIC_DISPATCH(rows_of_rms_norm)(x, weight, y, rows, columns);
}

}  // namespace unaided::bench::rms_norm
#endif  // HWY_ONCE
