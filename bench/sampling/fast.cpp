// A draw without a sort. Of 128,256 logits only what the filter keeps matters, and all that has to
// be found is the least value that stays; then a draw in the order of ids needs no order at all.
//
// What moves: the logits once or twice, 513 KB that L2 holds when they are hot. What is computed:
//   top-k  one comparison for each logit. The threshold comes from a sample: of 2,048 logits the
//          few largest, low enough to let some hundred through, of which the k-th is selected.
//   min-p  a maximum, then one comparison against max + ln(min_p); exponentials of survivors only.
//   top-p  one exponential for each logit. A sample brackets the least weight that stays, the
//          weights inside the bracket are moved together, and among these few thousand the least
//          one is bisected on the bits of the floats, which ascend with their values: at most 31
//          sums, exact to the last bit, with no order of elements and no branch on them.
// Where the sample misleads, thresholds are widened until the exact count or sum fits.
#include "sampling/rungs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sampling/fast.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
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

float largest(const float* x, std::size_t size) {
  const Floats d;
  Vector most[4];
  fill(most, -kInfinity);
  std::size_t i = 0;
  for (; i + kStep <= size; i += kStep) {
    UNAIDED_UNROLL for (std::size_t k = 0; k < 4; ++k) {
      most[k] = hn::Max(most[k], hn::LoadU(d, x + i + kLanes * k));
    }
  }
  float result = max_of(most);
  for (; i < size; ++i) result = std::max(result, x[i]);
  return result;
}

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

// ---- few survivors: top-k, min-p

/// Logits that passed a threshold, by ascending id.
struct Survivors {
  explicit Survivors(std::size_t capacity)
      : logits(hwy::AllocateAligned<float>(capacity + kLanes)),
        ids(hwy::AllocateAligned<std::int32_t>(capacity + kLanes)) {}

  hwy::AlignedFreeUniquePtr<float[]> logits;
  hwy::AlignedFreeUniquePtr<std::int32_t[]> ids;
  std::size_t count = 0;
};

HWY_INLINE void keep(Vector logits, Selection selected, std::size_t first_id, Survivors& kept) {
  const Floats d;
  const hn::RebindToSigned<Floats> integers;
  const auto ids = hn::Iota(integers, static_cast<std::int32_t>(first_id));
  hn::StoreU(to_front(d, logits, selected), d, kept.logits.get() + kept.count);
  hn::StoreU(to_front(integers, ids, hn::RebindMask(integers, selected)), integers,
             kept.ids.get() + kept.count);
  kept.count += hn::CountTrue(d, selected);
}

void keep_at_least(const float* logits, std::size_t size, float least, Survivors& kept) {
  const Floats d;
  const Vector leasts = hn::Set(d, least);
  kept.count = 0;
  std::size_t i = 0;
  for (; i + kStep <= size; i += kStep) {
    Vector x[4];
    UNAIDED_UNROLL for (std::size_t k = 0; k < 4; ++k) x[k] = hn::LoadU(d, logits + i + kLanes * k);
    const Vector most = hn::Max(hn::Max(x[0], x[1]), hn::Max(x[2], x[3]));
    if (hn::AllFalse(d, hn::Ge(most, leasts))) continue;  // nearly always
    UNAIDED_UNROLL for (std::size_t k = 0; k < 4; ++k) {
      const Selection selected = hn::Ge(x[k], leasts);
      if (!hn::AllFalse(d, selected)) keep(x[k], selected, i + kLanes * k, kept);
    }
  }
  for (; i < size; ++i) {
    if (logits[i] < least) continue;
    kept.logits[kept.count] = logits[i];
    kept.ids[kept.count++] = static_cast<std::int32_t>(i);
  }
}

/// The largest of each group of a sample of the logits, descending.
std::vector<float> sampled_maxima(const float* logits, std::size_t size) {
  constexpr std::size_t kGroups = 128, kGroup = 16;
  if (size < kGroups * kGroup) return {};
  std::vector<float> maxima;
  for (std::size_t i = 0; i < kGroups; ++i) {
    maxima.push_back(largest(logits + i * (size / kGroups), kGroup));
  }
  std::sort(maxima.begin(), maxima.end(), std::greater<>());
  return maxima;
}

/// The k largest and all that equal the k-th.
void keep_top_k(const float* logits, std::size_t size, std::size_t k, Survivors& kept) {
  const std::vector<float> maxima = sampled_maxima(logits, size);
  // Three times as many as are needed, and a few more, in the sample's proportion.
  std::size_t rank = 4 + 3 * k * 2048 / size;
  while (kept.count < k && rank < maxima.size()) {
    keep_at_least(logits, size, maxima[rank], kept);
    rank *= 4;
  }
  if (kept.count < k) keep_at_least(logits, size, -kInfinity, kept);
  if (kept.count <= k) return;

  std::vector<float> order(kept.logits.get(), kept.logits.get() + kept.count);
  const auto kth = order.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(order.begin(), kth, order.end(), std::greater<>());
  std::size_t count = 0;
  for (std::size_t i = 0; i < kept.count; ++i) {
    if (kept.logits[i] < *kth) continue;
    kept.logits[count] = kept.logits[i];
    kept.ids[count++] = kept.ids[i];
  }
  kept.count = count;
}

/// e^(logit − max), 0 for what top-p leaves out: few enough to be sorted.
void weigh(const Survivors& kept, float max, double top_p, Weights& weights) {
  const Floats d;
  for (std::size_t i = 0; i < kept.count; i += kLanes) {
    const Vector shifted = hn::Sub(hn::LoadU(d, kept.logits.get() + i), hn::Set(d, max));
    hn::Store(exp_of_nonpositive(hn::Min(shifted, hn::Zero(d))), d, weights.values.get() + i);
  }
  weights.end_at(kept.count);
  if (top_p >= 1) return;

  float* w = weights.values.get();
  std::vector<std::size_t> order(kept.count);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [w](std::size_t a, std::size_t b) { return w[a] > w[b] || (w[a] == w[b] && a < b); });
  const double target = top_p * sum_at_least(w, weights.size, 0);
  double cumulative = 0;
  for (const std::size_t i : order) {
    const bool enough = cumulative >= target;
    cumulative += w[i];
    if (enough) w[i] = 0;
  }
}

// ---- many survivors: top-p

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
  std::size_t count = 0;
  for (std::size_t i = 0; i < weights.size; i += kLanes) {
    const Vector w = hn::Load(d, weights.values.get() + i);
    const Selection selected = hn::And(hn::Ge(w, low), hn::Lt(w, high));
    hn::StoreU(to_front(d, w, selected), d, kept.values.get() + count);
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

std::int64_t draw_by_top_p(const float* logits, std::size_t size, float max, const Filters& filters,
                           double u) {
  Weights weights(size), inside(size);
  const double target = filters.top_p * weigh_all(logits, size, max, weights);
  float least = least_that_stays(weights, filters.top_p, target, inside);
  drop_ties(weights, least, target);
  least = std::max(least, static_cast<float>(filters.min_p));  // the largest weight is 1
  return static_cast<std::int64_t>(draw(weights, least, u));
}

std::int64_t draw_one(const float* logits, std::int64_t vocabulary, const Filters& filters,
                      double u) {
  const auto size = static_cast<std::size_t>(vocabulary);
  Survivors kept(size);
  float max = -kInfinity;
  if (filters.top_k > 0 && filters.top_k < vocabulary) {
    keep_top_k(logits, size, static_cast<std::size_t>(filters.top_k), kept);
    max = largest(kept.logits.get(), kept.count);
  } else {
    max = largest(logits, size);
    if (filters.top_p < 1) return draw_by_top_p(logits, size, max, filters, u);
    // A little too low: weights decide.
    keep_at_least(logits, size, max + static_cast<float>(std::log(filters.min_p)) - 1e-4F, kept);
  }
  Weights weights(kept.count);
  weigh(kept, max, filters.top_p, weights);
  const float least = std::max(kLeastWeight, static_cast<float>(filters.min_p));
  return kept.ids[draw(weights, least, u)];
}

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::sampling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace unaided::bench::sampling {

HWY_EXPORT(draw_one);

std::int64_t fast(const float* logits, std::int64_t vocabulary, const Filters& filters, double u) {
  return HWY_DYNAMIC_DISPATCH(draw_one)(logits, vocabulary, filters, u);
}

}  // namespace unaided::bench::sampling
#endif  // HWY_ONCE
