// masked_attention() of the attention kata by the fast rung, so that the kata's checks judge it.
// The kernel has one mask, the causal one, one width, and as many queries as keys; what padding
// makes fit goes to it. Other masks, gradients and float64 it does not have: those calls go to the
// reference, and what the checks say about them is not about the kernel.
#include <torch/types.h>

#include <cmath>
#include <optional>
#include <vector>

#include "attention_prefill/rungs.h"
#include "level2.h"
#include "support/attention_runs.h"

namespace kata {

/// masked_attention() as the reference has it.
torch::Tensor reference_masked_attention(const torch::Tensor& q, const torch::Tensor& k,
                                         const torch::Tensor& v,
                                         const std::optional<torch::Tensor>& keep, bool causal);

namespace {

namespace prefill = unaided::bench::attention_prefill;

constexpr auto kWidth = static_cast<std::int64_t>(prefill::kWidth);

bool records(const torch::Tensor& tensor) {
  return tensor.requires_grad() && at::GradMode::is_enabled();
}

bool fits(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  const bool converts = q.scalar_type() == torch::kFloat32 || q.scalar_type() == torch::kBFloat16;
  const bool narrow = q.size(-1) <= kWidth && v.size(-1) <= kWidth;
  const bool square_or_wide = q.size(-2) > 0 && q.size(-2) <= k.size(-2);
  return converts && narrow && square_or_wide && q.numel() > 0 && !records(q) && !records(k) &&
         !records(v);
}

/// (1, heads, length, kWidth) with zeros before the rows and after the columns.
torch::Tensor padded(const torch::Tensor& tensor, std::int64_t length) {
  const torch::Tensor heads = tensor.reshape({1, -1, tensor.size(-2), tensor.size(-1)});
  torch::Tensor wide = torch::zeros({1, heads.size(1), length, kWidth}, tensor.options());
  wide.slice(/*dim=*/2, length - heads.size(2)).slice(/*dim=*/3, 0, heads.size(3)).copy_(heads);
  return wide;
}

torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  const torch::Tensor out = unaided::bench::attend_as_stored(
      q, k, v, [](auto... arguments) { prefill::fast(arguments...); });
  return UNAIDED_SPOILT ? out * 1.05 : out;
}

}  // namespace

torch::Tensor masked_attention(const torch::Tensor& q, const torch::Tensor& k,
                               const torch::Tensor& v, const std::optional<torch::Tensor>& keep,
                               bool causal) {
  if (!causal || keep.has_value() || !fits(q, k, v)) {
    return reference_masked_attention(q, k, v, keep, causal);
  }
  const torch::NoGradGuard no_grad;
  const std::int64_t length = k.size(-2);
  if (q.scalar_type() != torch::kFloat32 && q.size(-1) != kWidth) {  // scaled, q would be rounded
    const auto wide = [](const torch::Tensor& tensor) { return tensor.to(torch::kFloat32); };
    return masked_attention(wide(q), wide(k), wide(v), keep, causal).to(q.scalar_type());
  }
  // The kernel divides scores by the root of its own width.
  const double scale = std::sqrt(static_cast<double>(kWidth) / static_cast<double>(q.size(-1)));
  const torch::Tensor out = attend(padded(q * scale, length), padded(k, length), padded(v, length));
  std::vector<std::int64_t> sizes = q.sizes().vec();
  sizes.back() = v.size(-1);
  return out.slice(/*dim=*/2, length - q.size(-2))
      .slice(/*dim=*/3, 0, v.size(-1))
      .reshape(sizes)
      .contiguous();
}

}  // namespace kata
