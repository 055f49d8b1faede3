// The exponentials of a long row, computed once: what softmax and cross entropy share.
//
// A softmax needs the row's maximum before its first exponential, and the sum before its first
// result: three passes over a row that is far larger than L1. Here the row is read from memory
// once, in blocks of 8 KiB that stay in L1 between their maximum and their exponentials. Each block
// uses the largest value so far as its reference; the exponentials wait in a buffer that fits L2
// (128,256 floats are 513 KB), and the last pass brings every block to the final reference with the
// very multiplication that divides by the sum. It stores past the caches: an ordinary store would
// first read the line that it overwrites.
#if defined(UNAIDED_BENCH_EXPONENTIAL_ROW_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef UNAIDED_BENCH_EXPONENTIAL_ROW_INL_H
#undef UNAIDED_BENCH_EXPONENTIAL_ROW_INL_H
#else
#define UNAIDED_BENCH_EXPONENTIAL_ROW_INL_H
#endif

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace unaided::bench::vectors {
namespace HWY_NAMESPACE {

class ExponentialRow {
 public:
  explicit ExponentialRow(std::size_t columns)
      : columns_(columns),
        exponentials_(hwy::AllocateAligned<float>(columns + kLanes)),
        references_((columns + kBlock - 1) / kBlock) {}

  /// Reads a row and keeps its exponentials.
  void read(const float* x) {
    max_ = -kInfinity;
    sum_ = 0;
    for (std::size_t block = 0; block < references_.size(); ++block) {
      const std::size_t begin = block * kBlock, size = std::min(kBlock, columns_ - begin);
      const float reference = std::max(max_, max_of_block(x + begin, size));
      const float sum = exponentiate(x + begin, size, reference, exponentials_.get() + begin);
      sum_ = sum_ * std::exp(static_cast<double>(max_ - reference)) + sum;
      max_ = references_[block] = reference;
    }
  }

  /// Of the row that was read: its largest value, and Σ exp(x − max).
  float max() const { return max_; }
  double sum() const { return sum_; }

  /// y ← exp(x − max) · factor, past the caches: call hwy::FlushStream() before y is used.
  void write_scaled(double factor, float* y) const {
    for (std::size_t block = 0; block < references_.size(); ++block) {
      const std::size_t begin = block * kBlock, size = std::min(kBlock, columns_ - begin);
      const double correction = std::exp(static_cast<double>(references_[block] - max_));
      stream_scaled(exponentials_.get() + begin, size, static_cast<float>(correction * factor),
                    y + begin);
    }
  }

 private:
  static constexpr std::size_t kBlock = 2048;
  static constexpr std::size_t kStep = 4 * kLanes;

  static HWY_INLINE float max_of_block(const float* x, std::size_t size) {
    Vector most[4];
    fill(most, -kInfinity);
    std::size_t i = 0;
    for (; i + kStep <= size; i += kStep) {
      UNAIDED_UNROLL for (std::size_t k = 0; k < 4; ++k) {
        most[k] = hn::Max(most[k], hn::LoadU(Floats(), x + i + kLanes * k));
      }
    }
    float result = max_of(most);
    for (; i < size; ++i) result = std::max(result, x[i]);
    return result;
  }

  static HWY_INLINE float exponentiate(const float* x, std::size_t size, float reference,
                                       float* exponentials) {
    const Floats d;
    const Vector shift = hn::Set(d, reference);
    Vector sums[4];
    fill(sums, 0);
    std::size_t i = 0;
    for (; i + kStep <= size; i += kStep) {
      UNAIDED_UNROLL for (std::size_t k = 0; k < 4; ++k) {
        prefetch(x + i + kLanes * k + kBlock, k);
        const Vector e = exp_of_nonpositive(hn::Sub(hn::LoadU(d, x + i + kLanes * k), shift));
        hn::Store(e, d, exponentials + i + kLanes * k);
        sums[k] = hn::Add(sums[k], e);
      }
    }
    float sum = sum_of(sums);
    for (; i < size; ++i) {
      exponentials[i] = std::exp(x[i] - reference);
      sum += exponentials[i];
    }
    return sum;
  }

  static HWY_INLINE void stream_scaled(const float* exponentials, std::size_t size, float factor,
                                       float* y) {
    const Floats d;
    const Vector factors = hn::Set(d, factor);
    const std::size_t head = std::min(size, floats_to_alignment(y));
    std::size_t i = 0;
    for (; i < head; ++i) y[i] = exponentials[i] * factor;
    for (; i + kStep <= size; i += kStep) {
      UNAIDED_UNROLL for (std::size_t k = 0; k < 4; ++k) {
        hn::Stream(hn::Mul(factors, hn::LoadU(d, exponentials + i + kLanes * k)), d,
                   y + i + kLanes * k);
      }
    }
    for (; i < size; ++i) y[i] = exponentials[i] * factor;
  }

  std::size_t columns_;
  hwy::AlignedFreeUniquePtr<float[]> exponentials_;
  std::vector<float> references_;  // of each block
  float max_ = 0;
  double sum_ = 0;
};

}  // namespace HWY_NAMESPACE
}  // namespace unaided::bench::vectors
HWY_AFTER_NAMESPACE();

#endif  // UNAIDED_BENCH_EXPONENTIAL_ROW_INL_H
