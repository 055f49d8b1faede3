// Vector pieces that the fast rungs share. Included inside Highway's foreach_target: everything
// here exists once for each instruction set.
//
// Exponentials: e^x = 2^n · e^r with n the nearest whole number to x / ln 2 and |r| ≤ ln 2 / 2.
// Adding 1.5 · 2²³ rounds to a whole number and leaves it in the low bits of the sum; with 127
// added to it, shifting these bits to the exponent's place makes 2^n without any conversion. The
// polynomials of degree 6 are minimax fits (Remez) in relative error, 4e-9 at most.
#if defined(UNAIDED_BENCH_VECTORS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef UNAIDED_BENCH_VECTORS_INL_H
#undef UNAIDED_BENCH_VECTORS_INL_H
#else
#define UNAIDED_BENCH_VECTORS_INL_H
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <limits>

// Accumulators are arrays of vectors; only when its loops are unrolled do they stay in registers.
#ifndef UNAIDED_UNROLL
#ifdef __clang__
#define UNAIDED_UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNAIDED_UNROLL _Pragma("GCC unroll 16")
#endif
#endif

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::vectors {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Vector = hn::Vec<Floats>;
using Selection = hn::Mask<Floats>;

constexpr std::size_t kLanes = hn::MaxLanes(Floats());
constexpr bool kHas32Registers = HWY_TARGET == HWY_AVX3;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLog2E = 1.44269504088896341F;

/// 2^n, where the bits of `rounded` end with n + 127.
HWY_INLINE Vector power_of_two(Vector rounded) {
  const hn::RebindToSigned<Floats> integers;
  return hn::BitCast(Floats(), hn::ShiftLeft<23>(hn::BitCast(integers, rounded)));
}

constexpr float kRounding = 12582912.0F + 127.0F;

/// e^x for x ≤ 0; from −88 down, −∞ included, exactly 0.
HWY_INLINE Vector exp_of_nonpositive(Vector x) {
  const Floats d;
  x = hn::Max(x, hn::Set(d, -88.0296919F));
  const Vector rounding = hn::Set(d, kRounding);
  const Vector rounded = hn::MulAdd(x, hn::Set(d, kLog2E), rounding);
  const Vector n = hn::Sub(rounded, rounding);
  // ln 2 in two parts; n times the first one is exact.
  Vector r = hn::NegMulAdd(n, hn::Set(d, 0.693359375F), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4F), r);
  Vector p = hn::Set(d, 1.4061241e-3F);
  p = hn::MulAdd(p, r, hn::Set(d, 8.3790112e-3F));
  p = hn::MulAdd(p, r, hn::Set(d, 4.1664777e-2F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.6666365e-1F));
  p = hn::MulAdd(p, r, hn::Set(d, 5.0000004e-1F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.00000005F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F));
  return hn::Mul(p, power_of_two(rounded));
}

/// 2^x for x ≤ 0; from −127 down, −∞ included, exactly 0.
HWY_INLINE Vector exp2_of_nonpositive(Vector x) {
  const Floats d;
  x = hn::Max(x, hn::Set(d, -127.0F));
  const Vector rounding = hn::Set(d, kRounding);
  const Vector rounded = hn::Add(x, rounding);
  const Vector r = hn::Sub(x, hn::Sub(rounded, rounding));
  Vector p = hn::Set(d, 1.5469732e-4F);
  p = hn::MulAdd(p, r, hn::Set(d, 1.3410001e-3F));
  p = hn::MulAdd(p, r, hn::Set(d, 9.6180308e-3F));
  p = hn::MulAdd(p, r, hn::Set(d, 5.5502973e-2F));
  p = hn::MulAdd(p, r, hn::Set(d, 2.4022651e-1F));
  p = hn::MulAdd(p, r, hn::Set(d, 6.9314723e-1F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F));
  return hn::Mul(p, power_of_two(rounded));
}

HWY_INLINE float sum_of(Vector v) {
  return hn::GetLane(hn::SumOfLanes(Floats(), v));
}

HWY_INLINE float sum_of(const Vector (&v)[4]) {
  return sum_of(hn::Add(hn::Add(v[0], v[1]), hn::Add(v[2], v[3])));
}

HWY_INLINE float max_of(Vector v) {
  return hn::GetLane(hn::MaxOfLanes(Floats(), v));
}

HWY_INLINE float max_of(const Vector (&v)[4]) {
  return max_of(hn::Max(hn::Max(v[0], v[1]), hn::Max(v[2], v[3])));
}

HWY_INLINE void fill(Vector (&v)[4], float value) {
  UNAIDED_UNROLL for (Vector& each : v) each = hn::Set(Floats(), value);
}

/// The lanes that are selected, moved to the front in their order. Highway 1.0.3 copies its table
/// for AVX2 at every call when compiled by g++, hence one here.
template <class Tag>
HWY_INLINE hn::Vec<Tag> to_front(Tag d, hn::Vec<Tag> v, hn::Mask<Tag> selected) {
#if HWY_TARGET == HWY_AVX2
  struct Table {
    alignas(32) std::int32_t lanes[256][8];
    constexpr Table() : lanes() {
      for (int bits = 0; bits < 256; ++bits) {
        int front = 0;
        for (int lane = 0; lane < 8; ++lane) {
          if ((bits >> lane & 1) != 0) lanes[bits][front++] = lane;
        }
      }
    }
  };
  static constexpr Table kTable;
  std::uint8_t bits = 0;
  hn::StoreMaskBits(d, selected, &bits);
  const hn::RebindToSigned<Tag> integers;
  return hn::TableLookupLanes(v, hn::IndicesFromVec(d, hn::Load(integers, kTable.lanes[bits])));
#else
  (void)d;
  return hn::Compress(v, selected);
#endif
}

/// Asks for the cache lines of the kLanes floats at p, once for each line.
HWY_INLINE void prefetch(const float* p, std::size_t vector_index) {
  constexpr std::size_t kVectorsPerLine = kLanes < 16 ? 16 / kLanes : 1;
  if (vector_index % kVectorsPerLine == 0) hwy::Prefetch(p);
}

/// How many floats precede the first one at p or after it that a whole vector may be streamed to.
HWY_INLINE std::size_t floats_to_alignment(const float* p) {
  constexpr std::size_t kBytes = kLanes * sizeof(float);
  const std::size_t past = reinterpret_cast<std::uintptr_t>(p) % kBytes;
  return past == 0 ? 0 : (kBytes - past) / sizeof(float);
}

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::vectors
HWY_AFTER_NAMESPACE();

#endif  // UNAIDED_BENCH_VECTORS_INL_H
