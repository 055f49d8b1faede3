// A draw without a sort. Of 128,256 logits only what the filter keeps matters, and all that has to
// be found is the least value that stays; then a draw in the order of ids needs no order at all.
//
// What moves: the logits once, 513 KB that L2 holds when they are hot. What is computed:
//   top-k  a maximum for each logit, which bounds the k-th largest from below; blocks that reach
//          the bound are looked at again. Exponentials of survivors only.
//   min-p  the same with max + ln(min_p) as the bound.
//   top-p  one exponential for each logit, then sums above thresholds that close in on the least
//          weight that stays.
// survivors-inl.h and nucleus-inl.h have the theory of each.
#include "sampling/rungs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sampling/fast.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "sampling/nucleus-inl.h"
#include "sampling/survivors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::sampling {
namespace HWY_NAMESPACE {

std::int64_t draw_by_top_p(const float* logits, std::size_t size, const Filters& filters,
                           double u) {
  Weights weights(size), inside(size);
  const double sum = weigh_all(logits, size, max_of_block(logits, size), weights);
  const double target = filters.top_p * sum;
  float least = least_that_stays(weights, filters.top_p, target, inside);
  drop_ties(weights, least, target);
  least = std::max(least, static_cast<float>(filters.min_p));  // the largest weight is 1
  return static_cast<std::int64_t>(draw(weights, least, u));
}

std::int64_t draw_of_survivors(const float* logits, const Survivors& kept, const Filters& filters,
                               double u) {
  const float max = max_of_block(kept.logits.get(), kept.count);
  Weights weights(kept.count);
  weigh(kept, max, filters.top_p, weights);
  const float least = std::max(kLeastWeight, static_cast<float>(filters.min_p));
  return static_cast<std::int64_t>(id_of(logits, kept, draw(weights, least, u)));
}

std::int64_t draw_one(const float* logits, std::int64_t vocabulary, const Filters& filters,
                      double u) {
  const auto size = static_cast<std::size_t>(vocabulary);
  const bool cuts_top_k = filters.top_k > 0 && filters.top_k < vocabulary;
  if (!cuts_top_k && filters.top_p < 1) return draw_by_top_p(logits, size, filters, u);

  Survivors kept(size);
  if (cuts_top_k) {
    keep_top_k(logits, size, static_cast<std::size_t>(filters.top_k), kept);
  } else {
    const Maxima maxima = max_by_blocks(logits, size, kBlock);
    // A little too low: weights decide.
    const float least = max_of_all(maxima) + static_cast<float>(std::log(filters.min_p)) - 1e-4F;
    keep_at_least(logits, size, maxima, least, kept);
  }
  return draw_of_survivors(logits, kept, filters, u);
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
