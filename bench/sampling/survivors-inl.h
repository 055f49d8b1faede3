// The few logits that a filter lets through, found in one pass over all of them. Included inside
// Highway's foreach_target.
//
// The pass takes the maximum of each block of some hundred logits. At least k logits are as large
// as the k-th largest of these maxima, so no logit below it is among the k largest: only blocks
// with a maximum that reaches it, k of them, are looked at once more.
#if defined(UNAIDED_BENCH_SURVIVORS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef UNAIDED_BENCH_SURVIVORS_INL_H
#undef UNAIDED_BENCH_SURVIVORS_INL_H
#else
#define UNAIDED_BENCH_SURVIVORS_INL_H
#endif

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "sampling/weights-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::sampling {
namespace HWY_NAMESPACE {
using namespace vectors::HWY_NAMESPACE;

/// Logits that passed a threshold, by ascending id. Ids are not stored, which would double the
/// work of dense blocks: that of the one draw is found again in its block.
struct Survivors {
  struct Block {
    std::size_t begin, end;  // ids
    std::size_t first;       // index of its first survivor
  };

  explicit Survivors(std::size_t capacity)
      : logits(hwy::AllocateAligned<float>(capacity + kLanes)) {}

  hwy::AlignedFreeUniquePtr<float[]> logits;
  std::size_t count = 0;
  float least = 0;            // the threshold
  std::vector<Block> blocks;  // that were looked at, by ascending ids
};

/// The largest logit of each block; what is left over at the end is a block too.
struct Maxima {
  std::size_t block;  // floats, a multiple of kStep
  std::vector<float> values;
};

HWY_INLINE float max_of_block(const float* x, std::size_t size) {
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

Maxima max_by_blocks(const float* logits, std::size_t size, std::size_t block) {
  Maxima maxima = {block, std::vector<float>((size + block - 1) / block)};
  for (std::size_t i = 0; i < maxima.values.size(); ++i) {
    maxima.values[i] = max_of_block(logits + i * block, std::min(block, size - i * block));
  }
  return maxima;
}

float max_of_all(const Maxima& maxima) {
  return *std::max_element(maxima.values.begin(), maxima.values.end());
}

/// Appends those of logits[begin …] that reach the threshold.
HWY_INLINE void keep_of_block(const float* logits, std::size_t begin, std::size_t end,
                              Survivors& kept) {
  const Floats d;
  const float least = kept.least;
  const Vector leasts = hn::Set(d, least);
  float* to = kept.logits.get();
  std::size_t count = kept.count;
  kept.blocks.push_back({begin, end, count});
  std::size_t i = begin;
  for (; i + kLanes <= end; i += kLanes) {
    const Vector x = hn::LoadU(d, logits + i);
    const Selection selected = hn::Ge(x, leasts);
    hn::StoreU(to_front(d, x, selected), d, to + count);
    count += hn::CountTrue(d, selected);
  }
  for (; i < end; ++i) {
    if (logits[i] >= least) to[count++] = logits[i];
  }
  kept.count = count;
}

/// Keeps what is at least `least`; blocks without it are not looked at.
void keep_at_least(const float* logits, std::size_t size, const Maxima& maxima, float least,
                   Survivors& kept) {
  kept.least = least;
  for (std::size_t i = 0; i < maxima.values.size(); ++i) {
    if (maxima.values[i] < least) continue;
    const std::size_t begin = i * maxima.block;
    keep_of_block(logits, begin, std::min(begin + maxima.block, size), kept);
  }
}

/// The id of a survivor.
std::size_t id_of(const float* logits, const Survivors& kept, std::size_t index) {
  std::size_t block = 0;
  while (block + 1 < kept.blocks.size() && kept.blocks[block + 1].first <= index) ++block;
  std::size_t to_pass = index - kept.blocks[block].first;
  std::size_t id = kept.blocks[block].begin;
  for (; id + 1 < kept.blocks[block].end; ++id) {
    if (logits[id] < kept.least) continue;
    if (to_pass == 0) break;
    --to_pass;
  }
  return id;
}

/// The k-th largest of some values, or −∞ if there are not as many.
float kth_largest(std::vector<float> values, std::size_t k) {
  if (values.size() < k) return -kInfinity;
  const auto kth = values.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(values.begin(), kth, values.end(), std::greater<>());
  return *kth;
}

/// The k largest and all that equal the k-th; what else passed the bound becomes −∞. 0 < k < size.
void keep_top_k(const float* logits, std::size_t size, std::size_t k, Survivors& kept) {
  // Four times as many blocks as are needed: their k-th largest maximum is then a close bound.
  const std::size_t block = std::clamp(size / (4 * k) / kStep * kStep, kStep, kBlock);
  const Maxima maxima = max_by_blocks(logits, size, block);
  keep_at_least(logits, size, maxima, kth_largest(maxima.values, k), kept);

  const float kth = kth_largest({kept.logits.get(), kept.logits.get() + kept.count}, k);
  for (std::size_t i = 0; i < kept.count; ++i) {
    if (kept.logits[i] < kth) kept.logits[i] = -kInfinity;
  }
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

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::sampling
HWY_AFTER_NAMESPACE();

#endif  // UNAIDED_BENCH_SURVIVORS_INL_H
