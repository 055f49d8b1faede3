// One pass over parameter, gradient and both means: each is read once, three are written back, and
// that is all that there is to gain. LibTorch's fused op does the same, and so would plain loops
// if std::sqrt could not set errno: where memory is the limit, one pass is the end of the ladder.
//
// What moves: 16 bytes read and 12 written for each parameter. The stores go to lines that were
// just read, so nothing is fetched in order to be overwritten, and streaming would gain nothing.
// What is computed: 12 FLOPs, a root and a quotient, hidden behind memory as long as they are
// vectors. Four streams of reads are many for the hardware's prefetch: lines are asked for ahead.
#include "adamw_step/rungs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "adamw_step/fast.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <cmath>

#include "support/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::adamw_step {
namespace HWY_NAMESPACE {
using namespace vectors::HWY_NAMESPACE;

constexpr std::size_t kAhead = 96;  // floats, in each of the four

HWY_INLINE void update_vector(const Slot& slot, const Factors& factors, std::size_t i) {
  const Floats d;
  const Vector g = hn::LoadU(d, slot.g + i);
  const Vector m = hn::MulAdd(hn::Set(d, factors.beta1), hn::LoadU(d, slot.m + i),
                              hn::Mul(hn::Set(d, factors.rest1), g));
  const Vector v = hn::MulAdd(hn::Set(d, factors.beta2), hn::LoadU(d, slot.v + i),
                              hn::Mul(hn::Set(d, factors.rest2), hn::Mul(g, g)));
  hn::StoreU(m, d, slot.m + i);
  hn::StoreU(v, d, slot.v + i);
  const Vector root =
      hn::MulAdd(hn::Sqrt(v), hn::Set(d, factors.inverse_root2), hn::Set(d, factors.eps));
  const Vector change = hn::Div(hn::Mul(hn::Set(d, factors.rate), m), root);
  hn::StoreU(hn::MulSub(hn::LoadU(d, slot.p + i), hn::Set(d, factors.decay), change), d,
             slot.p + i);
}

void update(const Slot& slot, const Factors& factors) {
  const auto size = static_cast<std::size_t>(slot.size);
  std::size_t i = 0;
  for (; i + 4 * kLanes <= size; i += 4 * kLanes) {
    UNAIDED_UNROLL for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t at = i + k * kLanes;
      prefetch(slot.p + at + kAhead, k);
      prefetch(slot.g + at + kAhead, k);
      prefetch(slot.m + at + kAhead, k);
      prefetch(slot.v + at + kAhead, k);
      update_vector(slot, factors, at);
    }
  }
  const auto left = static_cast<std::int64_t>(size - i);
  naive({slot.p + i, slot.g + i, slot.m + i, slot.v + i, left}, factors);
}

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::adamw_step
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace unaided::bench::adamw_step {

HWY_EXPORT(update);

void fast(const Slot& slot, const Factors& factors) {
  HWY_DYNAMIC_DISPATCH(update)(slot, factors);
}

}  // namespace unaided::bench::adamw_step
#endif  // HWY_ONCE
