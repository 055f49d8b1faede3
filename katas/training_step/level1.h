#pragma once

#include <torch/types.h>

#include <utility>
#include <vector>

namespace kata {

/// What is trained: a function of its inputs that autograd records.
class Model {
 public:
  virtual ~Model() = default;

  /// inputs (N, …) → outputs (N, K).
  virtual torch::Tensor forward(const torch::Tensor& inputs) = 0;
};

/// What changes parameters.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// All parameters, leaves of autograd; frozen ones too (requires_grad() is false).
  virtual std::vector<torch::Tensor> parameters() const = 0;

  /// Clears the gradients of all parameters: each is undefined or zero afterwards.
  virtual void zero_grad() = 0;

  /// Changes the parameters in place by their gradients, and leaves those gradients as they are.
  virtual void step() = 0;
};

struct Batch {
  torch::Tensor inputs;   // (N, …)
  torch::Tensor targets;  // level 1: (N, K), as the outputs; level 4: int64 (N)
};

/// One step of training with the mean squared error over all N·K elements, N·K ≥ 1. In this order:
/// optimizer.zero_grad(), model.forward(batch.inputs), loss, backward, clip, optimizer.step();
/// zero_grad, forward and step are called once each.
///
/// Clip: norm is the root of the sum of the squares of all gradients of optimizer.parameters(), as
/// of one vector; an undefined gradient is left out and stays undefined. At least one parameter is
/// used and not frozen. Each gradient is
/// multiplied by min(1, max_norm / (norm + 1e-6)). max_norm > 0, also infinity. After the call the
/// gradients are still those that step() saw.
///
/// Returns the loss before the step, shape (), the outputs' dtype (float32 or float64), detached
/// from the graph, for good: later calls do not change it. Nothing keeps a graph after the call.
torch::Tensor training_step(Model& model, Optimizer& optimizer, const Batch& batch,
                            double max_norm);

// Given, to try things out with. The checks use these and others.

/// inputs (N, D) → inputs · weightᵀ + bias.
class Linear : public Model {
 public:
  Linear(torch::Tensor weight, torch::Tensor bias)
      : weight_(std::move(weight)), bias_(std::move(bias)) {}

  torch::Tensor forward(const torch::Tensor& inputs) override {
    return torch::matmul(inputs, weight_.t()) + bias_;
  }

 private:
  torch::Tensor weight_;  // (K, D)
  torch::Tensor bias_;    // (K)
};

/// Plain gradient descent: parameter ← parameter − lr · gradient, where there is a gradient.
class Sgd : public Optimizer {
 public:
  Sgd(std::vector<torch::Tensor> parameters, double lr)
      : parameters_(std::move(parameters)), lr_(lr) {}

  std::vector<torch::Tensor> parameters() const override { return parameters_; }

  void zero_grad() override {
    for (torch::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
  }

  void step() override {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : parameters_) {
      if (parameter.grad().defined()) parameter.sub_(parameter.grad(), lr_);
    }
  }

 private:
  std::vector<torch::Tensor> parameters_;
  double lr_;
};

}  // namespace kata
