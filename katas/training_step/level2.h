#pragma once

#include <cstdint>

#include "level1.h"

namespace kata {

struct CrossEntropy {
  torch::Tensor loss;      // ()
  torch::Tensor gradient;  // (N, V), of the loss in the logits
};

/// Softmax cross entropy, its value and its gradient, without autograd.
///
/// logits (N, V), float32 or float64, V ≥ 1, N ≥ 0; targets int64 (N). Row i counts if targets[i]
/// is not ignore_index; n_valid rows do.
/// loss: the mean over the rows that count of log Σ exp(logits[i]) − logits[i, targets[i]].
/// gradient: (softmax − onehot) / n_valid in the rows that count, exactly 0 in the others.
/// No row counts: loss 0, gradient 0. A row that does not count has no influence, not even by NaN
/// or Inf in its logits. ignore_index is any number, also a class's.
///
/// Throws std::out_of_range if a row counts and its target is not in 0 … V − 1.
CrossEntropy cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                           std::int64_t ignore_index);

/// logits = relu(inputs · w1ᵀ + b1) · w2ᵀ + b2
struct Mlp {
  torch::Tensor w1;  // (H, D)
  torch::Tensor b1;  // (H)
  torch::Tensor w2;  // (V, H)
  torch::Tensor b2;  // (V)
};

/// The loss, and its gradient in everything that it is a function of, each of that one's shape.
struct MlpGradients {
  torch::Tensor loss;  // ()
  torch::Tensor w1, b1, w2, b2;
  torch::Tensor inputs;  // (N, D)
};

/// cross_entropy of the Mlp's logits and all gradients of it, without autograd. The derivative of
/// relu at 0 is 0.
///
/// inputs (N, D), targets int64 (N); D, H, V ≥ 1, N ≥ 0. float32 or float64, the same for inputs,
/// weights and all results. Throws as cross_entropy does.
MlpGradients mlp_backward(const Mlp& mlp, const torch::Tensor& inputs, const torch::Tensor& targets,
                          std::int64_t ignore_index);

}  // namespace kata
