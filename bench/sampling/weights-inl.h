// Weights of tokens, sums of those above a threshold, and the draw. Included inside Highway's
// foreach_target.
#if defined(UNAIDED_BENCH_WEIGHTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef UNAIDED_BENCH_WEIGHTS_INL_H
#undef UNAIDED_BENCH_WEIGHTS_INL_H
#else
#define UNAIDED_BENCH_WEIGHTS_INL_H
#endif

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <vector>

#include "support/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::sampling {
namespace HWY_NAMESPACE {
using namespace vectors::HWY_NAMESPACE;

constexpr std::size_t kStep = 4 * kLanes;
constexpr std::size_t kPadding = 64;  // floats; a multiple of kStep
constexpr std::size_t kBlock = 512;   // floats that are summed in float32
static_assert(kPadding % kStep == 0 && kBlock % kPadding == 0);

constexpr std::size_t padded(std::size_t size) {
  return (size + kPadding - 1) / kPadding * kPadding;
}

/// Weights, each above 0 or left out as 0, padded with zeros.
struct Weights {
  explicit Weights(std::size_t capacity)
      : values(hwy::AllocateAligned<float>(padded(capacity) + kPadding)) {}

  void end_at(std::size_t count) {
    size = padded(count);
    std::fill(values.get() + count, values.get() + size, 0.0F);
  }

  hwy::AlignedFreeUniquePtr<float[]> values;
  std::size_t size = 0;
};

/// Σ of the weights that are at least `least`.
HWY_INLINE float sum_of_block(const float* weights, std::size_t size, float least) {
  const Floats d;
  const Vector leasts = hn::Set(d, least);
  Vector sums[4];
  fill(sums, 0);
  for (std::size_t i = 0; i < size; i += kStep) {
    UNAIDED_UNROLL for (std::size_t k = 0; k < 4; ++k) {
      const Vector w = hn::Load(d, weights + i + kLanes * k);
      sums[k] = hn::Add(sums[k], hn::IfThenElseZero(hn::Ge(w, leasts), w));
    }
  }
  return sum_of(sums);
}

double sum_at_least(const float* weights, std::size_t size, float least) {
  double sum = 0;
  for (std::size_t i = 0; i < size; i += kBlock) {
    sum += sum_of_block(weights + i, std::min(kBlock, size - i), least);
  }
  return sum;
}

/// The index of the draw among weights that are at least `least`, which is above 0.
std::size_t draw(const Weights& weights, float least, double u) {
  const float* w = weights.values.get();
  std::vector<float> sums((weights.size + kBlock - 1) / kBlock);
  double total = 0;
  for (std::size_t block = 0; block < sums.size(); ++block) {
    const std::size_t begin = block * kBlock;
    sums[block] = sum_of_block(w + begin, std::min(kBlock, weights.size - begin), least);
    total += sums[block];
  }
  double left = u * total;
  std::size_t block = 0;
  while (block + 1 < sums.size() && left >= sums[block]) left -= sums[block++];

  std::size_t last = 0;  // that is left: the answer if rounding has u reach the total
  for (std::size_t i = block * kBlock; i < std::min(weights.size, (block + 1) * kBlock); ++i) {
    if (w[i] < least) continue;
    left -= w[i];
    last = i;
    if (left < 0) break;
  }
  return last;
}

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::sampling
HWY_AFTER_NAMESPACE();

#endif  // UNAIDED_BENCH_WEIGHTS_INL_H
