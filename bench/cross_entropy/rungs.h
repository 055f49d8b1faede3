#pragma once

#include <cstdint>
#include <utility>

namespace at {
class Tensor;
}

// The mean cross entropy of logits (rows, classes), float32 and contiguous, and targets (rows),
// int64 in 0 … classes − 1; and its gradient in the logits, (softmax − onehot) / rows.
namespace unaided::bench::cross_entropy {

struct Sizes {
  std::int64_t rows, classes;
};

/// The loss is returned; the gradient goes to `gradient`.
float naive(const float* logits, const std::int64_t* targets, float* gradient, Sizes sizes);
float fast(const float* logits, const std::int64_t* targets, float* gradient, Sizes sizes);

/// The loss, (), and the gradient.
std::pair<at::Tensor, at::Tensor> composed(const at::Tensor& logits, const at::Tensor& targets);
std::pair<at::Tensor, at::Tensor> libtorch(const at::Tensor& logits, const at::Tensor& targets);

}  // namespace unaided::bench::cross_entropy
