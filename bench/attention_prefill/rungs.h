#pragma once

#include <cstddef>

#include "support/attention_data.h"

namespace at {
class Tensor;
}

// Causal attention of a whole prompt: query i sees the keys 0 … i.
//
// q, k, v and the result (1, heads, length, kWidth), all float32 or all bfloat16 and contiguous.
// Sums are float32 in either case.
namespace unaided::bench::attention_prefill {

inline constexpr std::size_t kWidth = 64;

using Sizes = AttentionSizes;

void naive(const float* q, const float* k, const float* v, float* out, Sizes sizes);
at::Tensor composed(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
void fast(const float* q, const float* k, const float* v, float* out, Sizes sizes);
void fast(const Bfloat16* q, const Bfloat16* k, const Bfloat16* v, Bfloat16* out, Sizes sizes);
at::Tensor libtorch(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

}  // namespace unaided::bench::attention_prefill
