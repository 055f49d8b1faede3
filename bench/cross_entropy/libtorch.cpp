// Softmax is fused in LibTorch, cross entropy is not: log_softmax, its loss and its derivative are
// passes of their own. By hand, the gradient is the softmax less 1 at the targets.
#include <torch/types.h>

#include "cross_entropy/rungs.h"

namespace unaided::bench::cross_entropy {

std::pair<at::Tensor, at::Tensor> libtorch(const at::Tensor& logits, const at::Tensor& targets) {
  torch::Tensor gradient = torch::softmax(logits, /*dim=*/1);
  const torch::Tensor columns = targets.unsqueeze(1);
  const torch::Tensor loss = gradient.gather(/*dim=*/1, columns).log().mean().neg();
  gradient.scatter_add_(/*dim=*/1, columns, torch::full_like(columns, -1, logits.options()));
  gradient.div_(static_cast<double>(logits.size(0)));
  return {loss, gradient};
}

}  // namespace unaided::bench::cross_entropy
