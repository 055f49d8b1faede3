// The group's queries as rows of one query: (1, heads, kGroup, D) against (1, heads, length, D).
// enable_gqa would read the keys and values once for each query head.
#include <torch/types.h>

#include "attention_decode/rungs.h"

namespace unaided::bench::attention_decode {

at::Tensor libtorch(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const torch::Tensor folded = q.view({1, k.size(1), q.size(1) / k.size(1), q.size(3)});
  return at::scaled_dot_product_attention(folded, k, v).reshape(q.sizes());
}

}  // namespace unaided::bench::attention_decode
