#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numbers>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

/// The length of all gradients together, as of one long vector. Squares and sum are float64: those
/// of float32 overflow from 1e19 on, and are 0 below 1e-23.
double gradient_norm(const std::vector<torch::Tensor>& parameters) {
  double squares = 0;
  for (const torch::Tensor& parameter : parameters) {
    if (!parameter.grad().defined()) continue;  // frozen, or not used by this loss
    squares += parameter.grad().to(torch::kFloat64).square().sum().item<double>();
  }
  return std::sqrt(squares);
}

/// Shortens all gradients by one factor, so that their common direction stays; never lengthens.
void scale_gradients(const std::vector<torch::Tensor>& parameters, double norm, double max_norm) {
  const double coefficient = std::min(1.0, max_norm / (norm + 1e-6));
  for (torch::Tensor parameter : parameters) {
    if (parameter.grad().defined()) parameter.mutable_grad().mul_(coefficient);
  }
}

}  // namespace

torch::Tensor training_step(Model& model, Optimizer& optimizer, const Batch& batch,
                            double max_norm) {
  optimizer.zero_grad();  // backward() adds to what is there

  const torch::Tensor outputs = model.forward(batch.inputs);
  const torch::Tensor loss = (outputs - batch.targets).square().mean();
  loss.backward();

  const std::vector<torch::Tensor> parameters = optimizer.parameters();
  scale_gradients(parameters, gradient_norm(parameters), max_norm);
  optimizer.step();

  return loss.detach();  // a loss with its graph would keep all activations alive
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

/// Each of these targets must be a class.
void require_classes(const torch::Tensor& targets, std::int64_t classes) {
  const torch::Tensor bad = torch::logical_or(targets < 0, targets >= classes);
  if (bad.any().item<bool>()) throw std::out_of_range("a target is not a class");
}

}  // namespace

CrossEntropy cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                           std::int64_t ignore_index) {
  // Rows that do not count are left out from the start: a product with 0 would not stop NaN.
  const torch::Tensor rows = (targets != ignore_index).nonzero().squeeze(1);
  const torch::Tensor classes = targets.index_select(0, rows);
  require_classes(classes, logits.size(1));

  const torch::Tensor gradient = torch::zeros(logits.sizes(), logits.options());
  const std::int64_t n_valid = rows.numel();
  if (n_valid == 0) return {torch::zeros({}, logits.options()), gradient};

  // Shifted, each row's maximum is 0: exp cannot overflow, and log Σ exp, which is at most log V,
  // is never added to a number of size 10,000 that would swallow its digits.
  const torch::Tensor valid = logits.index_select(0, rows);
  const torch::Tensor shifted = valid - valid.amax(/*dim=*/1, /*keepdim=*/true);
  const torch::Tensor exponentials = shifted.exp();
  const torch::Tensor total = exponentials.sum(/*dim=*/1, /*keepdim=*/true);
  const torch::Tensor columns = classes.unsqueeze(1);
  const torch::Tensor loss = (total.log() - shifted.gather(1, columns)).mean();

  // d loss / d logit: log Σ exp has the gradient softmax, the target's logit −1.
  torch::Tensor difference = exponentials / total;
  difference.scatter_add_(1, columns, torch::full_like(columns, -1, logits.options()));
  gradient.index_copy_(0, rows, difference / static_cast<double>(n_valid));
  return {loss, gradient};
}

MlpGradients mlp_backward(const Mlp& mlp, const torch::Tensor& inputs, const torch::Tensor& targets,
                          std::int64_t ignore_index) {
  const torch::Tensor before = torch::matmul(inputs, mlp.w1.t()) + mlp.b1;     // (N, H)
  const torch::Tensor active = before > 0;                                     // relu′(0) = 0
  const torch::Tensor hidden = before * active;                                // (N, H)
  const torch::Tensor logits = torch::matmul(hidden, mlp.w2.t()) + mlp.b2;     // (N, V)
  const auto [loss, d_logits] = cross_entropy(logits, targets, ignore_index);  // (N, V)

  // y = x Wᵀ + b: dW = dyᵀ x, db = Σ dy over the rows, dx = dy W. Shapes allow nothing else.
  const torch::Tensor d_hidden = torch::matmul(d_logits, mlp.w2);  // (N, H)
  const torch::Tensor d_before = d_hidden * active;
  MlpGradients gradients;
  gradients.loss = loss;
  gradients.w2 = torch::matmul(d_logits.t(), hidden);
  gradients.b2 = d_logits.sum(/*dim=*/0);
  gradients.w1 = torch::matmul(d_before.t(), inputs);
  gradients.b1 = d_before.sum(/*dim=*/0);
  gradients.inputs = torch::matmul(d_before, mlp.w1);
  return gradients;
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {
namespace {

/// One parameter and what AdamW remembers of it.
struct Slot {
  torch::Tensor parameter;
  std::size_t group;
  torch::Tensor m, v;      // running means of g and g²
  std::int64_t steps = 0;  // t: its own, since a parameter may go without a gradient
};

/// m and v begin at 0 and are too small at first: after t steps of a constant g, m is
/// (1 − beta^t) · g. In double, since 1 − 0.999 in float32 is off by 5e-5 of itself.
double bias_correction(double beta, std::int64_t t) {
  return 1 - std::pow(beta, static_cast<double>(t));
}

void update(Slot& slot, const AdamWOptions& options) {
  const torch::Tensor& gradient = slot.parameter.grad();
  if (!gradient.defined()) return;  // no gradient is not a gradient of 0
  ++slot.steps;
  // Decoupled: decay acts on the parameter, not through the gradient, where √v would undo it.
  slot.parameter.mul_(1 - options.lr * options.weight_decay);
  slot.m.mul_(options.beta1).add_(gradient, 1 - options.beta1);
  slot.v.mul_(options.beta2).addcmul_(gradient, gradient, 1 - options.beta2);
  const torch::Tensor corrected = slot.v / bias_correction(options.beta2, slot.steps);
  const double rate = options.lr / bias_correction(options.beta1, slot.steps);
  slot.parameter.addcdiv_(slot.m, corrected.sqrt() + options.eps, -rate);
}

class SlotAdamW final : public AdamW {
 public:
  explicit SlotAdamW(const std::vector<ParameterGroup>& groups) {
    std::set<const void*> known;  // a tensor is a handle: the same one has the same address inside
    for (const ParameterGroup& group : groups) {
      for (const torch::Tensor& parameter : group.parameters) {
        if (!known.insert(parameter.unsafeGetTensorImpl()).second) {
          throw std::invalid_argument("a parameter is in the optimizer twice");
        }
        const torch::Tensor zeros = torch::zeros(parameter.sizes(), parameter.options());
        slots_.push_back({parameter, options_.size(), zeros, zeros.clone()});
      }
      options_.push_back(group.options);
    }
  }

  std::vector<torch::Tensor> parameters() const override {
    std::vector<torch::Tensor> all;
    for (const Slot& slot : slots_) all.push_back(slot.parameter);
    return all;
  }

  void zero_grad() override {
    for (Slot& slot : slots_) slot.parameter.mutable_grad().reset();
  }

  void step() override {
    const torch::NoGradGuard no_grad;  // a leaf may change in place only where nothing records
    for (Slot& slot : slots_) update(slot, options_[slot.group]);
  }

  void set_lr(double lr) override {
    for (AdamWOptions& options : options_) options.lr = lr;
  }

  std::vector<Slot>& slots() { return slots_; }
  const std::vector<Slot>& slots() const { return slots_; }

 private:
  std::vector<Slot> slots_;
  std::vector<AdamWOptions> options_;  // by group
};

}  // namespace

std::unique_ptr<AdamW> make_adamw(const std::vector<ParameterGroup>& groups) {
  return std::make_unique<SlotAdamW>(groups);
}

double clip_gradients(const std::vector<torch::Tensor>& parameters, double max_norm) {
  const double norm = gradient_norm(parameters);
  if (std::isfinite(norm)) scale_gradients(parameters, norm, max_norm);
  return norm;
}

double clip_and_step(Optimizer& optimizer, double max_norm) {
  const double norm = clip_gradients(optimizer.parameters(), max_norm);
  if (std::isfinite(norm)) optimizer.step();  // else NaN would stay in m and v for good
  return norm;
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {
namespace {

std::int64_t count_valid(const torch::Tensor& targets, std::int64_t ignore_index) {
  return (targets != ignore_index).sum().item<std::int64_t>();
}

class AdamWTrainer final : public Trainer {
 public:
  AdamWTrainer(Model& model, const std::vector<torch::Tensor>& parameters,
               const TrainerOptions& options)
      : model_(model), options_(options), optimizer_({{parameters, options.adamw}}) {}

  StepReport step(const std::vector<Batch>& micro_batches) override {
    StepReport report;
    report.lr = learning_rate(options_.schedule, steps_);
    for (const Batch& batch : micro_batches) {
      report.valid_tokens += count_valid(batch.targets, options_.ignore_index);
    }
    if (report.valid_tokens == 0) return report;

    optimizer_.zero_grad();
    for (const Batch& batch : micro_batches) report.loss += accumulate(batch, report.valid_tokens);
    optimizer_.set_lr(report.lr);
    report.norm = clip_and_step(optimizer_, options_.max_norm);
    report.stepped = std::isfinite(report.norm);
    if (report.stepped) ++steps_;
    return report;
  }

  std::int64_t steps() const override { return steps_; }

  /// The counter, then parameter, m, v and t of each slot.
  std::vector<torch::Tensor> state() const override {
    std::vector<torch::Tensor> state{torch::tensor(steps_)};
    for (const Slot& slot : optimizer_.slots()) {
      for (const torch::Tensor& tensor : {slot.parameter, slot.m, slot.v}) {
        state.push_back(tensor.detach().clone());
      }
      state.push_back(torch::tensor(slot.steps));
    }
    return state;
  }

  void load_state(const std::vector<torch::Tensor>& state) override {
    require_fit(state);  // all of it before anything is changed
    const torch::NoGradGuard no_grad;
    auto next = state.begin();
    steps_ = (next++)->item<std::int64_t>();
    for (Slot& slot : optimizer_.slots()) {
      slot.parameter.copy_(*next++);
      slot.m.copy_(*next++);
      slot.v.copy_(*next++);
      slot.steps = (next++)->item<std::int64_t>();
    }
  }

 private:
  /// Adds this micro-batch's share of the gradient, and returns its share of the loss. What
  /// cross_entropy divides by are its own valid tokens; the share makes that all of them.
  double accumulate(const Batch& batch, std::int64_t all_valid) {
    const std::int64_t valid = count_valid(batch.targets, options_.ignore_index);
    if (valid == 0) return 0;
    const double share = static_cast<double>(valid) / static_cast<double>(all_valid);
    const torch::Tensor logits = model_.forward(batch.inputs);
    const auto [loss, gradient] =
        cross_entropy(logits.detach(), batch.targets, options_.ignore_index);
    logits.backward(gradient * share);  // adds to grad() and frees this graph
    return loss.item<double>() * share;
  }

  void require_fit(const std::vector<torch::Tensor>& state) const {
    const std::vector<Slot>& slots = optimizer_.slots();
    bool fits = state.size() == 1 + 4 * slots.size();
    for (std::size_t i = 0; fits && i < slots.size(); ++i) {
      fits = state[1 + 4 * i].sizes() == slots[i].parameter.sizes();
    }
    if (!fits) throw std::invalid_argument("the state is not one of a trainer like this");
  }

  Model& model_;
  TrainerOptions options_;
  SlotAdamW optimizer_;
  std::int64_t steps_ = 0;
};

}  // namespace

double learning_rate(const Schedule& schedule, std::int64_t step) {
  const std::int64_t warmup = schedule.warmup_steps, total = schedule.total_steps;
  const auto ratio = [](std::int64_t part, std::int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  if (step < warmup) return schedule.max_lr * ratio(step, warmup);
  if (step == warmup) return schedule.max_lr;  // also where the cosine has no steps at all
  if (step >= total) return schedule.min_lr;
  const double angle = std::numbers::pi * ratio(step - warmup, total - warmup);
  return schedule.min_lr + (schedule.max_lr - schedule.min_lr) * (1 + std::cos(angle)) / 2;
}

std::unique_ptr<Trainer> make_trainer(Model& model, const std::vector<torch::Tensor>& parameters,
                                      const TrainerOptions& options) {
  return std::make_unique<AdamWTrainer>(model, parameters, options);
}

}  // namespace kata
