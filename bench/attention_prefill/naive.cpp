#include "attention_prefill/rungs.h"
#include "support/naive_attention.h"

namespace unaided::bench::attention_prefill {

void naive(const float* q, const float* k, const float* v, float* out, Sizes sizes) {
  for (std::size_t head = 0; head < sizes.heads; ++head) {
    const std::size_t begin = head * sizes.length * kWidth;
    for (std::size_t row = 0; row < sizes.length; ++row) {
      const std::size_t at = begin + row * kWidth;
      attend_naively<kWidth>(q + at, k + begin, v + begin, out + at, row + 1);
    }
  }
}

}  // namespace unaided::bench::attention_prefill
