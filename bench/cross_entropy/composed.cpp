// As it is written in training: the loss, and autograd for its gradient.
#include <torch/types.h>

#include "cross_entropy/rungs.h"

namespace unaided::bench::cross_entropy {

std::pair<at::Tensor, at::Tensor> composed(const at::Tensor& logits, const at::Tensor& targets) {
  const torch::Tensor leaf = logits.detach().requires_grad_();
  const torch::Tensor loss = at::cross_entropy_loss(leaf, targets);
  loss.backward();
  return {loss.detach(), leaf.grad()};
}

}  // namespace unaided::bench::cross_entropy
