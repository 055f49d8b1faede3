#pragma once

#include <cstddef>

#include "support/attention_data.h"

namespace at {
class Tensor;
}

// Attention of one new token with grouped queries: softmax(q kᵀ / √D) v for each query head, where
// kGroup query heads in a row share a head of keys and values.
//
// q (1, heads · kGroup, 1, kWidth), k and v (1, heads, length, kWidth), all float32 or all bfloat16
// and contiguous; the result is like q. Sums are float32 in either case.
namespace unaided::bench::attention_decode {

inline constexpr std::size_t kGroup = 4;
inline constexpr std::size_t kWidth = 128;

using Sizes = AttentionSizes;

void naive(const float* q, const float* k, const float* v, float* out, Sizes sizes);
at::Tensor composed(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
void fast(const float* q, const float* k, const float* v, float* out, Sizes sizes);
void fast(const Bfloat16* q, const Bfloat16* k, const Bfloat16* v, Bfloat16* out, Sizes sizes);
at::Tensor libtorch(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

}  // namespace unaided::bench::attention_decode
