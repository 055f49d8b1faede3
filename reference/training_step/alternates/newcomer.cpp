#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <unordered_set>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

namespace {

std::vector<torch::Tensor> defined_gradients(const std::vector<torch::Tensor>& parameters) {
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  return gradients;
}

/// The norm of all gradients as of one vector. Squares are taken in float64: 1e20 or 1e-30 would
/// leave float32's range.
double norm_of(const std::vector<torch::Tensor>& gradients) {
  const torch::NoGradGuard no_grad;
  double squares = 0;
  for (const torch::Tensor& gradient : gradients) {
    squares += gradient.to(torch::kFloat64).square().sum().item<double>();
  }
  return std::sqrt(squares);
}

/// In place, the product taken in float64: the factor may be too small for float32. All products
/// are there before the first is written, as gradients may share memory with one another.
void scale(const std::vector<torch::Tensor>& gradients, double factor) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> scaled;
  scaled.reserve(gradients.size());
  for (const torch::Tensor& gradient : gradients) {
    scaled.push_back((gradient.to(torch::kFloat64) * factor).to(gradient.scalar_type()));
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) gradients[i].copy_(scaled[i]);
}

/// Returns the norm before clipping. Leaves everything alone if that is not finite.
double clip(const std::vector<torch::Tensor>& parameters, double max_norm) {
  const std::vector<torch::Tensor> gradients = defined_gradients(parameters);
  const double norm = norm_of(gradients);
  if (!std::isfinite(norm)) return norm;
  const double factor = std::min(1.0, max_norm / (norm + 1e-6));
  if (factor < 1) scale(gradients, factor);
  return norm;
}

}  // namespace

torch::Tensor training_step(Model& model, Optimizer& optimizer, const Batch& batch,
                            double max_norm) {
  optimizer.zero_grad();
  const torch::Tensor outputs = model.forward(batch.inputs);
  const torch::Tensor loss = (outputs - batch.targets).square().mean();
  if (loss.requires_grad()) loss.backward();  // false if everything that was used is frozen
  clip(optimizer.parameters(), max_norm);
  optimizer.step();
  return loss.detach();
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

CrossEntropy cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                           std::int64_t ignore_index) {
  const torch::NoGradGuard no_grad;
  CrossEntropy result{at::zeros({}, logits.options()),
                      at::zeros({logits.size(0), logits.size(1)}, logits.options())};

  // Only the rows that count take part: what the others hold cannot leak in.
  const torch::Tensor rows = targets.ne(ignore_index).nonzero().squeeze(1);  // (n_valid)
  const std::int64_t n_valid = rows.size(0);
  if (n_valid == 0) return result;
  const torch::Tensor classes = targets.index_select(0, rows).unsqueeze(1);  // (n_valid, 1)
  if (classes.lt(0).logical_or(classes.ge(logits.size(1))).any().item<bool>()) {
    throw std::out_of_range("cross_entropy: target is not a class");
  }

  const torch::Tensor counting = logits.index_select(0, rows);  // (n_valid, V)
  const torch::Tensor shifted = counting - counting.amax(1, /*keepdim=*/true);
  const torch::Tensor exps = shifted.exp();
  const torch::Tensor sums = exps.sum(1, /*keepdim=*/true);  // (n_valid, 1)
  result.loss = (sums.log() - shifted.gather(1, classes)).mean();

  torch::Tensor gradient = exps / sums;
  gradient.scatter_add_(1, classes, at::full_like(sums, -1));
  gradient.div_(static_cast<double>(n_valid));
  result.gradient.index_copy_(0, rows, gradient);
  return result;
}

MlpGradients mlp_backward(const Mlp& mlp, const torch::Tensor& inputs, const torch::Tensor& targets,
                          std::int64_t ignore_index) {
  const torch::NoGradGuard no_grad;
  // Forward.
  const torch::Tensor hidden = inputs.matmul(mlp.w1.t()) + mlp.b1;     // (N, H)
  const torch::Tensor activated = hidden.relu();                       // (N, H)
  const torch::Tensor logits = activated.matmul(mlp.w2.t()) + mlp.b2;  // (N, V)
  const CrossEntropy ce = cross_entropy(logits, targets, ignore_index);

  // Backward.
  const torch::Tensor& d_logits = ce.gradient;                                          // (N, V)
  const torch::Tensor d_hidden = d_logits.matmul(mlp.w2).masked_fill(hidden.le(0), 0);  // (N, H)
  return MlpGradients{
      .loss = ce.loss,
      .w1 = d_hidden.t().matmul(inputs),
      .b1 = d_hidden.sum(0),
      .w2 = d_logits.t().matmul(activated),
      .b2 = d_logits.sum(0),
      .inputs = d_hidden.matmul(mlp.w1),
  };
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

namespace {

class AdamWImpl final : public AdamW {
 public:
  struct Slot {
    torch::Tensor parameter;
    torch::Tensor m, v;
    std::int64_t t = 0;
    std::size_t group = 0;
  };

  explicit AdamWImpl(const std::vector<ParameterGroup>& groups) {
    std::unordered_set<const void*> seen;
    for (const ParameterGroup& group : groups) {
      for (const torch::Tensor& parameter : group.parameters) {
        if (!seen.insert(parameter.unsafeGetTensorImpl()).second) {
          throw std::invalid_argument("make_adamw: a parameter is there twice");
        }
        slots_.push_back(
            {parameter, at::zeros_like(parameter), at::zeros_like(parameter), 0, options_.size()});
      }
      options_.push_back(group.options);
    }
  }

  std::vector<torch::Tensor> parameters() const override {
    std::vector<torch::Tensor> result;
    result.reserve(slots_.size());
    for (const Slot& slot : slots_) result.push_back(slot.parameter);
    return result;
  }

  void zero_grad() override {
    for (Slot& slot : slots_) slot.parameter.mutable_grad().reset();
  }

  void step() override {
    const torch::NoGradGuard no_grad;
    for (Slot& slot : slots_) {
      const torch::Tensor gradient = slot.parameter.grad();
      if (gradient.defined()) update(slot, gradient, options_[slot.group]);
    }
  }

  void set_lr(double lr) override {
    for (AdamWOptions& options : options_) options.lr = lr;
  }

  std::vector<Slot>& slots() { return slots_; }
  const std::vector<Slot>& slots() const { return slots_; }

 private:
  static void update(Slot& slot, const torch::Tensor& gradient, const AdamWOptions& options) {
    const auto& [lr, beta1, beta2, eps, weight_decay] = options;
    ++slot.t;
    const double t = static_cast<double>(slot.t);
    const double correction1 = 1 - std::pow(beta1, t);
    const double correction2 = 1 - std::pow(beta2, t);

    slot.parameter.mul_(1 - lr * weight_decay);
    slot.m.mul_(beta1).add_(gradient, 1 - beta1);
    slot.v.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
    const torch::Tensor denominator = (slot.v / correction2).sqrt_().add_(eps);
    slot.parameter.addcdiv_(slot.m / correction1, denominator, -lr);
  }

  std::vector<Slot> slots_;  // of all groups, in order
  std::vector<AdamWOptions> options_;
};

}  // namespace

std::unique_ptr<AdamW> make_adamw(const std::vector<ParameterGroup>& groups) {
  return std::make_unique<AdamWImpl>(groups);
}

double clip_gradients(const std::vector<torch::Tensor>& parameters, double max_norm) {
  return clip(parameters, max_norm);
}

double clip_and_step(Optimizer& optimizer, double max_norm) {
  const double norm = clip_gradients(optimizer.parameters(), max_norm);
  if (std::isfinite(norm)) optimizer.step();
  return norm;
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {

double learning_rate(const Schedule& schedule, std::int64_t step) {
  const auto& [warmup, total, max_lr, min_lr] = schedule;
  if (step < warmup) return max_lr * (static_cast<double>(step) / static_cast<double>(warmup));
  if (step == warmup) return max_lr;
  if (step >= total) return min_lr;
  const double progress = static_cast<double>(step - warmup) / static_cast<double>(total - warmup);
  return min_lr + (max_lr - min_lr) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

namespace {

class TrainerImpl final : public Trainer {
 public:
  TrainerImpl(Model& model, const std::vector<torch::Tensor>& parameters,
              const TrainerOptions& options)
      : model_(model), options_(options), optimizer_({{parameters, options.adamw}}) {}

  StepReport step(const std::vector<Batch>& micro_batches) override {
    StepReport report;
    report.lr = learning_rate(options_.schedule, steps_);

    // All counts before the first forward: each micro-batch's share depends on the total.
    std::vector<std::int64_t> valid;
    valid.reserve(micro_batches.size());
    for (const Batch& batch : micro_batches) {
      valid.push_back(batch.targets.ne(options_.ignore_index).sum().item<std::int64_t>());
      report.valid_tokens += valid.back();
    }
    if (report.valid_tokens == 0) return report;

    optimizer_.zero_grad();
    for (std::size_t i = 0; i < micro_batches.size(); ++i) {
      if (valid[i] == 0) continue;
      const double share = static_cast<double>(valid[i]) / static_cast<double>(report.valid_tokens);
      report.loss += accumulate(micro_batches[i], share);
    }
    optimizer_.set_lr(report.lr);
    report.norm = clip_and_step(optimizer_, options_.max_norm);
    report.stepped = std::isfinite(report.norm);
    if (report.stepped) ++steps_;
    optimizer_.zero_grad();
    return report;
  }

  std::int64_t steps() const override { return steps_; }

  /// counters (1 + P): steps, then t of each parameter; then parameter, m, v of each.
  std::vector<torch::Tensor> state() const override {
    const torch::NoGradGuard no_grad;
    std::vector<std::int64_t> counters{steps_};
    for (const auto& slot : optimizer_.slots()) counters.push_back(slot.t);
    std::vector<torch::Tensor> state{at::tensor(counters, torch::kInt64)};
    for (const auto& slot : optimizer_.slots()) {
      for (const torch::Tensor& tensor : {slot.parameter, slot.m, slot.v}) {
        state.push_back(tensor.detach().clone());
      }
    }
    return state;
  }

  void load_state(const std::vector<torch::Tensor>& state) override {
    const torch::NoGradGuard no_grad;
    auto& slots = optimizer_.slots();
    require(state.size() == 1 + 3 * slots.size());
    require(state[0].dim() == 1 && state[0].scalar_type() == torch::kInt64 &&
            state[0].size(0) == static_cast<std::int64_t>(1 + slots.size()));
    for (std::size_t i = 1; i < state.size(); ++i) {
      const torch::Tensor& parameter = slots[(i - 1) / 3].parameter;
      require(state[i].sizes() == parameter.sizes() &&
              state[i].scalar_type() == parameter.scalar_type());
    }

    steps_ = state[0][0].item<std::int64_t>();
    for (std::size_t i = 0; i < slots.size(); ++i) {
      slots[i].t = state[0][static_cast<std::int64_t>(1 + i)].item<std::int64_t>();
      slots[i].parameter.copy_(state[1 + 3 * i]);
      slots[i].m.copy_(state[2 + 3 * i]);
      slots[i].v.copy_(state[3 + 3 * i]);
    }
  }

 private:
  static void require(bool fits) {
    if (!fits) throw std::invalid_argument("load_state: not a state of such a trainer");
  }

  /// Adds share · (the gradients of one micro-batch's mean loss) to the parameters' gradients and
  /// returns share · loss. The graph is gone on return.
  double accumulate(const Batch& batch, double share) {
    const torch::Tensor logits = model_.forward(batch.inputs);
    // Level 2 has the gradient in the logits; autograd carries it on from there. float64, so that
    // how the batch was split does not show.
    const auto [loss, gradient] =
        cross_entropy(logits.detach().to(torch::kFloat64), batch.targets, options_.ignore_index);
    std::vector<torch::Tensor> trainable;
    for (const torch::Tensor& parameter : optimizer_.parameters()) {
      if (parameter.requires_grad()) trainable.push_back(parameter);
    }
    if (logits.requires_grad() && !trainable.empty()) {
      const auto gradients = torch::autograd::grad(
          {logits}, trainable, {(gradient * share).to(logits.scalar_type())},
          /*retain_graph=*/false, /*create_graph=*/false, /*allow_unused=*/true);
      for (std::size_t i = 0; i < trainable.size(); ++i) add_gradient(trainable[i], gradients[i]);
    }
    return share * loss.item<double>();
  }

  static void add_gradient(const torch::Tensor& parameter, const torch::Tensor& gradient) {
    if (!gradient.defined()) return;  // unused here
    const torch::NoGradGuard no_grad;
    torch::Tensor& sum = parameter.mutable_grad();
    if (sum.defined()) {
      sum.add_(gradient);
    } else {
      sum = gradient.clone();  // autograd may hand the same memory to two parameters
    }
  }

  Model& model_;
  TrainerOptions options_;
  AdamWImpl optimizer_;
  std::int64_t steps_ = 0;
};

}  // namespace

std::unique_ptr<Trainer> make_trainer(Model& model, const std::vector<torch::Tensor>& parameters,
                                      const TrainerOptions& options) {
  return std::make_unique<TrainerImpl>(model, parameters, options);
}

}  // namespace kata
