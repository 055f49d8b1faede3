#pragma once

#include <memory>
#include <vector>

#include "level2.h"

namespace kata {

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;
};

/// Parameters that share options.
struct ParameterGroup {
  std::vector<torch::Tensor> parameters;
  AdamWOptions options;
};

/// step(), for each parameter p with a defined gradient g, t being how often that happened to p,
/// this time included:
///   p ← p · (1 − lr · weight_decay)
///   m ← beta1 · m + (1 − beta1) · g          m and v are 0 at first
///   v ← beta2 · v + (1 − beta2) · g²
///   p ← p − lr · (m / (1 − beta1^t)) / (√(v / (1 − beta2^t)) + eps)
/// 1 − beta^t is computed in double; m and v have p's dtype and shape. A parameter whose gradient
/// is undefined stays as it is, and so do its m, v and t.
///
/// parameters(): those of all groups, in order. zero_grad(): all gradients become undefined.
class AdamW : public Optimizer {
 public:
  /// The learning rate of all groups, from the next step on.
  virtual void set_lr(double lr) = 0;
};

/// Parameters are float32 or float64, of any strides, and changed in place.
/// Throws std::invalid_argument if a tensor object (is_same) is in two groups, or twice in one.
std::unique_ptr<AdamW> make_adamw(const std::vector<ParameterGroup>& groups);

/// Multiplies all gradients of `parameters` by min(1, max_norm / (norm + 1e-6)) and returns norm,
/// as it was before: the root of the sum of the squares of all their elements, in float64.
/// Undefined gradients are left out and stay undefined; with none left norm is 0. If norm is NaN
/// or infinite, the gradients stay as they are. max_norm > 0, also infinity.
double clip_gradients(const std::vector<torch::Tensor>& parameters, double max_norm);

/// clip_gradients over all of the optimizer's parameters together, then step() once; if the norm
/// is NaN or infinite, step() is not called and nothing changes. Returns the norm.
double clip_and_step(Optimizer& optimizer, double max_norm);

}  // namespace kata
