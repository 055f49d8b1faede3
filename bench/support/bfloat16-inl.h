// float32 and bfloat16 alike, for kernels that compute in float32 whatever they are given. Included
// inside Highway's foreach_target.
#if defined(UNAIDED_BENCH_BFLOAT16_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef UNAIDED_BENCH_BFLOAT16_INL_H
#undef UNAIDED_BENCH_BFLOAT16_INL_H
#else
#define UNAIDED_BENCH_BFLOAT16_INL_H
#endif

#include <bit>

#include "support/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::vectors {
namespace HWY_NAMESPACE {

HWY_INLINE Vector load_floats(const float* p) {
  return hn::LoadU(Floats(), p);
}

HWY_INLINE Vector load_floats(const std::uint16_t* p) {
  const hn::Rebind<hwy::bfloat16_t, Floats> halves;
  return hn::PromoteTo(Floats(), hn::LoadU(halves, reinterpret_cast<const hwy::bfloat16_t*>(p)));
}

HWY_INLINE float to_float(float x) {
  return x;
}

HWY_INLINE float to_float(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

HWY_INLINE void store_rounded(float x, float* p) {
  *p = x;
}

/// To the nearest bfloat16, ties to even; x is not NaN.
HWY_INLINE void store_rounded(float x, std::uint16_t* p) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  *p = static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::vectors
HWY_AFTER_NAMESPACE();

#endif  // UNAIDED_BENCH_BFLOAT16_INL_H
