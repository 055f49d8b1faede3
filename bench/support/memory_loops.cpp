// The memory's limits are measured with loops that do nothing else: a copy with stores that go past
// the caches (ordinary ones would first read what they overwrite), a sum over several registers so
// that no addition waits for the one before, and an update in place.
#include "support/memory_loops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "support/memory_loops.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kPrefetchFloats = 1024;  // 4 KiB ahead: another page than the hardware's

void copy_loop(const float* HWY_RESTRICT from, float* HWY_RESTRICT to, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < count; i += lanes) {
    hwy::Prefetch(from + i + kPrefetchFloats);
    hn::Stream(hn::Load(d, from + i), d, to + i);
  }
  hwy::FlushStream();
}

float read_loop(const float* HWY_RESTRICT from, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto sum0 = hn::Zero(d), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  for (std::size_t i = 0; i < count; i += 4 * lanes) {
    hwy::Prefetch(from + i + kPrefetchFloats);
    hwy::Prefetch(from + i + 2 * lanes + kPrefetchFloats);
    sum0 = hn::Add(sum0, hn::Load(d, from + i));
    sum1 = hn::Add(sum1, hn::Load(d, from + i + lanes));
    sum2 = hn::Add(sum2, hn::Load(d, from + i + 2 * lanes));
    sum3 = hn::Add(sum3, hn::Load(d, from + i + 3 * lanes));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));
}

void update_loop(float* HWY_RESTRICT values, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto half = hn::Set(d, 0.5f);
  for (std::size_t i = 0; i < count; i += lanes) {
    hwy::Prefetch(values + i + kPrefetchFloats);
    hn::Store(hn::MulAdd(hn::Load(d, values + i), half, half), d, values + i);
  }
}

}  // namespace unaided::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace unaided::bench {

HWY_EXPORT(copy_loop);
HWY_EXPORT(read_loop);
HWY_EXPORT(update_loop);

void stream_copy(const float* from, float* to, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(copy_loop)(from, to, count);
}

float stream_read(const float* from, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(read_loop)(from, count);
}

void stream_update(float* values, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(update_loop)(values, count);
}

}  // namespace unaided::bench
#endif
