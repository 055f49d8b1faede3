#pragma once

#include <torch/types.h>

namespace kata {

/// softmax(q kᵀ / √D) v, the softmax taken over the keys.
///
/// q (…, Lq, D), k (…, Lk, D), v (…, Lk, Dv) → (…, Lq, Dv); D, Lk, Dv ≥ 1.
/// The leading dimensions "…" are any number, the same for all three. They and Lq may be 0.
/// dtype: float32, float64 or bfloat16, the same for all three and for the result; bfloat16 is
/// computed in float32 and rounded once, at the end.
/// Any strides. Inputs stay as they were; the result shares no memory with them.
/// Differentiable once in q, k and v through LibTorch's autograd.
torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v);

}  // namespace kata
