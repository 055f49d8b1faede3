// How rungs of attention are called: q, k and v (1, heads, …), all float32 or all bfloat16 and
// contiguous; the result is like q.
#pragma once

#include <torch/types.h>

#include "support/attention_data.h"
#include "support/bfloat16_data.h"
#include "support/kernel.h"

namespace unaided::bench {

inline AttentionSizes attention_sizes(const torch::Tensor& k) {
  return {static_cast<std::size_t>(k.size(1)), static_cast<std::size_t>(k.size(2))};
}

/// A rung of tensor ops.
template <auto kTensorOps>
Tensors run_attention_ops(const Problem&, const Tensors& inputs) {
  return {kTensorOps(inputs[0], inputs[1], inputs[2])};
}

/// For what takes float32 only: bfloat16 is converted before and after.
template <class Attend>
torch::Tensor attend_in_float32(const torch::Tensor& q, const torch::Tensor& k,
                                const torch::Tensor& v, const Attend& attend) {
  const torch::Tensor q32 = q.to(torch::kFloat32), k32 = k.to(torch::kFloat32);
  const torch::Tensor v32 = v.to(torch::kFloat32), out = torch::empty_like(q32);
  attend(q32.const_data_ptr<float>(), k32.const_data_ptr<float>(), v32.const_data_ptr<float>(),
         out.mutable_data_ptr<float>(), attention_sizes(k));
  return out.to(q.scalar_type());
}

/// For what takes either as it is stored.
template <class Attend>
torch::Tensor attend_as_stored(const torch::Tensor& q, const torch::Tensor& k,
                               const torch::Tensor& v, const Attend& attend) {
  const torch::Tensor out = torch::empty_like(q);
  if (q.scalar_type() == torch::kFloat32) {
    attend(q.const_data_ptr<float>(), k.const_data_ptr<float>(), v.const_data_ptr<float>(),
           out.mutable_data_ptr<float>(), attention_sizes(k));
  } else {
    attend(bfloat16_bits(q), bfloat16_bits(k), bfloat16_bits(v), mutable_bfloat16_bits(out),
           attention_sizes(k));
  }
  return out;
}

}  // namespace unaided::bench
