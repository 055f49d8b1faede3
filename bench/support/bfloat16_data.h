// bfloat16 tensors for kernels that know nothing of LibTorch: the bits, as numbers of 16 bits.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace unaided::bench {

inline const std::uint16_t* bfloat16_bits(const torch::Tensor& tensor) {
  return reinterpret_cast<const std::uint16_t*>(tensor.const_data_ptr<at::BFloat16>());
}

inline std::uint16_t* mutable_bfloat16_bits(const torch::Tensor& tensor) {
  return reinterpret_cast<std::uint16_t*>(tensor.mutable_data_ptr<at::BFloat16>());
}

}  // namespace unaided::bench
