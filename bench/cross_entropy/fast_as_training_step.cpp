// cross_entropy() of the training_step kata by the fast rung, so that the kata's checks judge it.
// Rows that do not count never reach the kernel; float64 it does not have, so those calls go to the
// reference, as does mlp_backward().
#include <torch/types.h>

#include <stdexcept>

#include "cross_entropy/rungs.h"
#include "level2.h"

namespace kata {

/// cross_entropy() as the reference has it.
CrossEntropy reference_cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                                     std::int64_t ignore_index);

CrossEntropy cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                           std::int64_t ignore_index) {
  if (logits.scalar_type() != torch::kFloat32) {
    return reference_cross_entropy(logits, targets, ignore_index);
  }
  const torch::NoGradGuard no_grad;
  const torch::Tensor rows = (targets != ignore_index).nonzero().squeeze(1);
  const torch::Tensor classes = targets.index_select(0, rows);
  if (torch::logical_or(classes < 0, classes >= logits.size(1)).any().item<bool>()) {
    throw std::out_of_range("a target is not a class");
  }
  const torch::Tensor all = torch::zeros(logits.sizes());
  if (rows.numel() == 0) return {torch::zeros({}), all};

  const torch::Tensor valid = logits.index_select(0, rows).contiguous();
  const torch::Tensor gradient = torch::empty_like(valid);
  const float loss = unaided::bench::cross_entropy::fast(
      valid.const_data_ptr<float>(), classes.const_data_ptr<std::int64_t>(),
      gradient.mutable_data_ptr<float>(), {valid.size(0), valid.size(1)});
  all.index_copy_(0, rows, UNAIDED_SPOILT ? gradient * 1.05 : gradient);
  return {torch::full({}, loss), all};
}

}  // namespace kata
