#pragma once

#include <torch/types.h>

#include <string>

namespace unaided::bench {

/// Which kernel scaled_dot_product_attention chooses for these: "flash", "math" or its number.
std::string attention_backend(const torch::Tensor& q, const torch::Tensor& k,
                              const torch::Tensor& v, bool causal);

}  // namespace unaided::bench
