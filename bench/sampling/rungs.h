#pragma once

#include <cstdint>

namespace at {
class Tensor;
}

// Draws of one id from logits (V), float32 and contiguous, each finite.
//
// In this order, probabilities renormalised after each: top-k keeps the k largest and all that
// equal the k-th; top-p keeps, from the most probable id down (equal ones by ascending id), up to
// and including the first at which the cumulative probability reaches top_p; min-p keeps what has
// at least min_p times the largest probability. The draw is the smallest id that is left whose
// cumulative probability, in the order of ids, exceeds u, 0 ≤ u < 1.
namespace unaided::bench::sampling {

struct Filters {
  std::int64_t top_k = 0;  // 0: off
  double top_p = 1;        // 1: off
  double min_p = 0;        // 0: off
};

std::int64_t naive(const float* logits, std::int64_t vocabulary, const Filters& filters, double u);
at::Tensor composed(const at::Tensor& logits, const Filters& filters, const at::Tensor& u);
std::int64_t fast(const float* logits, std::int64_t vocabulary, const Filters& filters, double u);

/// LibTorch's fastest way for these filters and logits; `way` is told which it was.
enum class Way { kTopK, kTopPOfLargest, kTopPByThreshold, kMinP };
at::Tensor libtorch(const at::Tensor& logits, const Filters& filters, const at::Tensor& u,
                    Way& way);

}  // namespace unaided::bench::sampling
