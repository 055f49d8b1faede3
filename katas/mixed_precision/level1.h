#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace kata {

/// What is trained: a function of its inputs that autograd records.
class Model {
 public:
  virtual ~Model() = default;

  /// inputs (N, …) → outputs (N, K), float16, bfloat16, float32 or float64. Nothing that it
  /// computes from requires a gradient but parameters of the optimizer.
  virtual torch::Tensor forward(const torch::Tensor& inputs) = 0;
};

/// What changes parameters.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// All parameters, leaves of autograd, float32 or float64; frozen ones too (requires_grad() is
  /// false). Always the same tensors.
  virtual std::vector<torch::Tensor> parameters() const = 0;

  /// What step() keeps beside the parameters: moments, counters. Handles to the tensors themselves,
  /// not copies; always the same tensors, all of them defined. For level 2.
  virtual std::vector<torch::Tensor> state() const = 0;

  /// Clears the gradients of all parameters: each is undefined or zero afterwards.
  virtual void zero_grad() = 0;

  /// Changes the parameters in place by their gradients, and leaves those gradients as they are.
  /// May be called with grad mode on or off.
  virtual void step() = 0;
};

/// Neither requires a gradient.
struct Batch {
  torch::Tensor inputs;   // (N, …)
  torch::Tensor targets;  // (N, K), float32 or float64
};

struct TrainerOptions {
  double max_norm = 1;                  // > 0, also infinity
  double initial_scale = 65536;         // between min_scale and max_scale
  double min_scale = 1;                 // ≥ 1
  double max_scale = 16777216;          // within float32
  std::int64_t growth_interval = 2000;  // ≥ 1
};

/// What the next step depends on, beside model and optimizer.
struct ScalerState {
  double scale = 0;             // what the loss is multiplied by
  std::int64_t good_steps = 0;  // ≥ 0; steps taken since the last skip or the last growth
};

/// What one Trainer::step did.
struct StepReport {
  double loss = 0;       // not scaled; infinite if it overflows the targets' dtype
  double norm = 0;       // of the unscaled gradient, before clipping; not finite if skipped
  double scale = 0;      // the one that this step used
  bool stepped = false;  // false: skipped
};

/// Trains a model in half precision by gradients of a scaled loss.
class Trainer {
 public:
  virtual ~Trainer() = default;

  /// One step on the mean squared error over all N·K elements, N·K ≥ 1, called with grad mode on.
  /// In this order:
  ///   optimizer.zero_grad(), outputs = model.forward(batch.inputs)        once each
  ///   loss = mean((outputs − targets)²), the outputs converted to the targets' dtype first
  ///   backward of scale · loss
  ///   all gradients divided by scale
  ///   if an element of a gradient is NaN or infinite, the step is skipped: step() is not called,
  ///     scale ← max(scale / 2, min_scale), good_steps ← 0
  ///   else: gradients · min(1, max_norm / (norm + 1e-6)), optimizer.step(), good_steps + 1; if
  ///     that is growth_interval or more, scale ← min(2 · scale, max_scale), good_steps ← 0
  ///
  /// norm is the root of the sum of the squares of all unscaled gradients, as of one vector, summed
  /// in float64; an undefined gradient is left out and stays undefined. After a step that was taken
  /// the gradients are still those that optimizer.step() saw. When step() has returned, nothing
  /// keeps the graph of this forward, not even until the next step.
  virtual StepReport step(const Batch& batch) = 0;

  /// As after the last step; {initial_scale, 0} before the first.
  virtual ScalerState scaler() const = 0;

  /// The next step goes on from this. Its scale lies between min_scale and max_scale; good_steps
  /// may be growth_interval or more (of a run with a longer one).
  virtual void set_scaler(const ScalerState& state) = 0;
};

/// `model` and `optimizer` outlive the trainer.
std::unique_ptr<Trainer> make_trainer(Model& model, Optimizer& optimizer,
                                      const TrainerOptions& options);

// Given, to try things out with. The checks use these and others.

/// inputs (N, D) → inputs · weightᵀ + bias, in the parameters' dtype.
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

/// inputs (N, D) → inputs · weightᵀ in float16; the weight itself stays what it is. So do its
/// gradients, but on their way to it they are float16: 65,520 becomes infinity, 2^-25 becomes 0.
class HalfLinear : public Model {
 public:
  explicit HalfLinear(torch::Tensor weight) : weight_(std::move(weight)) {}

  torch::Tensor forward(const torch::Tensor& inputs) override {
    return torch::matmul(inputs.to(torch::kFloat16), weight_.to(torch::kFloat16).t());
  }

 private:
  torch::Tensor weight_;  // (K, D)
};

/// velocity ← momentum · velocity + gradient; parameter ← parameter − lr · velocity, where there is
/// a gradient.
class Sgd : public Optimizer {
 public:
  Sgd(std::vector<torch::Tensor> parameters, double lr, double momentum = 0)
      : parameters_(std::move(parameters)), lr_(lr), momentum_(momentum) {
    for (const torch::Tensor& p : parameters_) velocities_.push_back(torch::zeros_like(p.detach()));
  }

  std::vector<torch::Tensor> parameters() const override { return parameters_; }
  std::vector<torch::Tensor> state() const override { return velocities_; }

  void zero_grad() override {
    for (torch::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
  }

  void step() override {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (!parameters_[i].grad().defined()) continue;
      velocities_[i].mul_(momentum_).add_(parameters_[i].grad());
      parameters_[i].sub_(velocities_[i], lr_);
    }
  }

 private:
  std::vector<torch::Tensor> parameters_, velocities_;
  double lr_, momentum_;
};

}  // namespace kata
