// Softmax by rows with one exponential for each element, one reading of x from memory and one
// writing of y past the caches; support/exponential_row-inl.h has how.
//
// What moves: 4 bytes read and 4 written for each element, the least there is; a composition of
// tensor ops moves 8 times 4 (and 3 times 4 more, since ordinary stores read what they overwrite).
// What is computed: a maximum, an exponential of 13 instructions, a sum and a product for each
// vector, which takes about as long as the copy: that is why no exponential may be computed twice.
#include "softmax/rungs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "softmax/fast.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "support/exponential_row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::softmax {
namespace HWY_NAMESPACE {

void rows_of_softmax(const float* x, float* y, std::int64_t rows, std::int64_t columns) {
  vectors::HWY_NAMESPACE::ExponentialRow row(static_cast<std::size_t>(columns));
  for (std::int64_t i = 0; i < rows; ++i) {
    row.read(x + i * columns);
    row.write_scaled(1 / row.sum(), y + i * columns);
  }
  hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::softmax
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace unaided::bench::softmax {

HWY_EXPORT(rows_of_softmax);

void fast(const float* x, float* y, std::int64_t rows, std::int64_t columns) {
  HWY_DYNAMIC_DISPATCH(rows_of_softmax)(x, y, rows, columns);
}

}  // namespace unaided::bench::softmax
#endif  // HWY_ONCE
