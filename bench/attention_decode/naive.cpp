#include "attention_decode/rungs.h"
#include "support/naive_attention.h"

namespace unaided::bench::attention_decode {

void naive(const float* q, const float* k, const float* v, float* out, Sizes sizes) {
  const std::size_t head_size = sizes.length * kWidth;
  for (std::size_t query = 0; query < sizes.heads * kGroup; ++query) {
    const std::size_t head = query / kGroup;
    attend_naively<kWidth>(q + query * kWidth, k + head * head_size, v + head * head_size,
                           out + query * kWidth, sizes.length);
  }
}

}  // namespace unaided::bench::attention_decode
