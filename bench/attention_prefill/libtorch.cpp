#include <torch/types.h>

#include <optional>

#include "attention_prefill/rungs.h"

namespace unaided::bench::attention_prefill {

at::Tensor libtorch(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return at::scaled_dot_product_attention(q, k, v, /*attn_mask=*/std::nullopt, /*dropout_p=*/0.0,
                                          /*is_causal=*/true);
}

}  // namespace unaided::bench::attention_prefill
