#include "support/attention_backend.h"

#include <ATen/ops/_fused_sdp_choice.h>

#include <array>
#include <optional>

namespace unaided::bench {

std::string attention_backend(const torch::Tensor& q, const torch::Tensor& k,
                              const torch::Tensor& v, bool causal) {
  static const std::array<const char*, 4> kNames = {"math", "flash", "memory-efficient", "cuDNN"};
  const auto choice = static_cast<std::size_t>(
      at::_fused_sdp_choice(q, k, v, std::nullopt, /*dropout_p=*/0.0, causal));
  return choice < kNames.size() ? kNames[choice] : "backend " + std::to_string(choice);
}

}  // namespace unaided::bench
