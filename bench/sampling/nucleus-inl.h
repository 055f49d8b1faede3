// Top-p over a whole vocabulary: the least weight that stays, without a sort. Included inside
// Highway's foreach_target.
//
// A sample brackets it, the weights inside the bracket are moved together, and among these few
// thousand it is bisected on the bits of the floats, which ascend with their values: at most 31
// sums, exact to the last bit, with no order of elements and no branch on them. Where the sample
// misleads, the bracket is widened until the exact sums fit.
#if defined(UNAIDED_BENCH_NUCLEUS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef UNAIDED_BENCH_NUCLEUS_INL_H
#undef UNAIDED_BENCH_NUCLEUS_INL_H
#else
#define UNAIDED_BENCH_NUCLEUS_INL_H
#endif

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "sampling/weights-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::sampling {
namespace HWY_NAMESPACE {
using namespace vectors::HWY_NAMESPACE;

/// All weights e^(logit − max), and their sum.
double weigh_all(const float* logits, std::size_t size, float max, Weights& weights) {
  const Floats d;
  const Vector shift = hn::Set(d, max);
  float* w = weights.values.get();
  double sum = 0;
  std::size_t i = 0;
  while (i + kStep <= size) {
    const std::size_t end = std::min(i + kBlock, size);
    Vector sums[4];
    fill(sums, 0);
    for (; i + kStep <= end; i += kStep) {
      UNAIDED_UNROLL for (std::size_t k = 0; k < 4; ++k) {
        const Vector x = hn::LoadU(d, logits + i + kLanes * k);
        const Vector e = exp_of_nonpositive(hn::Sub(x, shift));
        hn::Store(e, d, w + i + kLanes * k);
        sums[k] = hn::Add(sums[k], e);
      }
    }
    sum += sum_of(sums);
  }
  for (; i < size; ++i) {
    w[i] = std::exp(logits[i] - max);
    sum += w[i];
  }
  weights.end_at(size);
  return sum;
}

/// The largest float t in [low, high] for which Σ of the weights ≥ t reaches the target, given that
/// this holds for low.
float bisect(const float* weights, std::size_t size, double target, float low, float high) {
  auto reached = std::bit_cast<std::uint32_t>(low);
  auto missed = std::bit_cast<std::uint32_t>(high) + 1;
  while (missed - reached > 1) {
    const std::uint32_t middle = reached + (missed - reached) / 2;
    const bool enough = sum_at_least(weights, size, std::bit_cast<float>(middle)) >= target;
    (enough ? reached : missed) = middle;
  }
  return std::bit_cast<float>(reached);
}

constexpr float kLeastWeight = std::numeric_limits<float>::min();  // of those that are not 0

struct Bracket {
  float low, high;
};

/// Where the least weight that stays probably is: the weighted quantiles beside top_p of a sample.
Bracket sample_bracket(const Weights& weights, double top_p) {
  constexpr std::size_t kGroups = 256, kGroup = 16;
  constexpr double kMargin = 0.03;
  if (weights.size < kGroups * kGroup) return {kLeastWeight, 1};
  HWY_ALIGN float sample[kGroups * kGroup];
  for (std::size_t i = 0; i < kGroups; ++i) {
    const float* group = weights.values.get() + i * weights.size / kGroups / kGroup * kGroup;
    std::copy(group, group + kGroup, sample + i * kGroup);
  }
  const double sum = sum_at_least(sample, std::size(sample), kLeastWeight);
  const auto quantile = [&sample, sum](double part) {
    return bisect(sample, std::size(sample), part * sum, kLeastWeight, 1);
  };
  return {top_p + kMargin < 1 ? quantile(top_p + kMargin) : kLeastWeight,
          top_p > kMargin ? quantile(top_p - kMargin) : 1};
}

/// Moves the weights in [low, high) together.
void keep_between(const Weights& weights, Bracket bracket, Weights& kept) {
  const Floats d;
  const Vector low = hn::Set(d, bracket.low), high = hn::Set(d, bracket.high);
  const float* from = weights.values.get();
  float* to = kept.values.get();
  std::size_t count = 0;
  for (std::size_t i = 0; i < weights.size; i += kLanes) {
    const Vector w = hn::Load(d, from + i);
    const Selection selected = hn::And(hn::Ge(w, low), hn::Lt(w, high));
    hn::StoreU(to_front(d, w, selected), d, to + count);
    count += hn::CountTrue(d, selected);
  }
  kept.end_at(count);
}

/// The least weight that stays: the largest t for which the weights ≥ t reach the target.
float least_that_stays(const Weights& weights, double top_p, double target, Weights& inside) {
  Bracket bracket = sample_bracket(weights, top_p);
  double above = 0;
  for (;;) {  // high doubles up to 2, above every weight
    above = sum_at_least(weights.values.get(), weights.size, bracket.high);
    if (above < target) break;
    bracket.low = bracket.high;
    bracket.high *= 2;
  }
  for (;;) {  // low falls to the least weight there is
    keep_between(weights, bracket, inside);
    const double sum = sum_at_least(inside.values.get(), inside.size, bracket.low);
    if (above + sum >= target || bracket.low == kLeastWeight) break;
    bracket.low = std::max(kLeastWeight, bracket.low / 4);
  }
  return bisect(inside.values.get(), inside.size, target - above, bracket.low, bracket.high);
}

/// Of equal weights at the threshold only as many stay, by ascending id, as the target needs.
void drop_ties(Weights& weights, float least, double target) {
  float* w = weights.values.get();
  const float more = std::bit_cast<float>(std::bit_cast<std::uint32_t>(least) + 1);
  double sum = sum_at_least(w, weights.size, more);
  const double with_ties = sum_at_least(w, weights.size, least);
  if (with_ties - sum < 1.5 * least) return;  // one alone
  for (std::size_t i = 0; i < weights.size; ++i) {
    if (w[i] != least) continue;
    if (sum >= target) w[i] = 0;
    sum += least;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::sampling
HWY_AFTER_NAMESPACE();

#endif  // UNAIDED_BENCH_NUCLEUS_INL_H
