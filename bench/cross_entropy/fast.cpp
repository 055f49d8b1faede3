// Cross entropy and its gradient in one reading of the logits and one writing of the gradient:
// the gradient is the softmax of a row, divided by the number of rows, less 1 at the target, and
// the loss needs nothing but the maximum and the sum that the softmax needs anyway;
// support/exponential_row-inl.h has how a row is done.
//
// What moves: 8 bytes for each logit, the least there is; autograd moves 24, for the log-softmax,
// zeros around one number in each row, and the derivative of both. What is computed: one
// exponential for each logit; the division by the number of rows is part of the factor that divides
// by the sum.
#include "cross_entropy/rungs.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cross_entropy/fast.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <cmath>

#include "support/exponential_row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::cross_entropy {
namespace HWY_NAMESPACE {

float rows_of_cross_entropy(const float* logits, const std::int64_t* targets, float* gradient,
                            Sizes sizes) {
  vectors::HWY_NAMESPACE::ExponentialRow row(static_cast<std::size_t>(sizes.classes));
  const auto rows = static_cast<double>(sizes.rows);
  double loss = 0;
  for (std::int64_t i = 0; i < sizes.rows; ++i) {
    const float* x = logits + i * sizes.classes;
    float* g = gradient + i * sizes.classes;
    row.read(x);
    row.write_scaled(1 / (row.sum() * rows), g);
    hwy::FlushStream();  // before the target's element is written once more
    const double shifted = double{x[targets[i]]} - row.max();
    g[targets[i]] = static_cast<float>((std::exp(shifted) / row.sum() - 1) / rows);
    loss += std::log(row.sum()) - shifted;
  }
  return static_cast<float>(loss / rows);
}

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::cross_entropy
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace unaided::bench::cross_entropy {

HWY_EXPORT(rows_of_cross_entropy);

float fast(const float* logits, const std::int64_t* targets, float* gradient, Sizes sizes) {
  return HWY_DYNAMIC_DISPATCH(rows_of_cross_entropy)(logits, targets, gradient, sizes);
}

}  // namespace unaided::bench::cross_entropy
#endif  // HWY_ONCE
