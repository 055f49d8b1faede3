// Composed tensor operators and standard algorithms: autograd even for the loss of level 4, one-hot
// and masks instead of indices in level 2, moments kept in a map by parameter in level 3.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <unordered_map>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

using Tensors = std::vector<torch::Tensor>;

/// All gradients that there are.
Tensors gradients_of(const Tensors& parameters) {
  Tensors gradients;
  for (const auto& p : parameters) {
    if (p.grad().defined()) gradients.push_back(p.grad());
  }
  return gradients;
}

double norm_of(const Tensors& gradients) {
  Tensors norms{torch::zeros({1}, torch::kFloat64)};
  for (const auto& g : gradients) norms.push_back(g.to(torch::kFloat64).norm().reshape({1}));
  return torch::cat(norms).norm().item<double>();
}

void clip(const Tensors& gradients, double norm, double max_norm) {
  const double factor = std::clamp(max_norm / (norm + 1e-6), 0.0, 1.0);
  for (torch::Tensor g : gradients) g *= factor;
}

torch::Tensor training_step(Model& model, Optimizer& optimizer, const Batch& batch,
                            double max_norm) {
  optimizer.zero_grad();
  auto loss = torch::mse_loss(model.forward(batch.inputs), batch.targets);
  loss.backward();
  const Tensors gradients = gradients_of(optimizer.parameters());
  clip(gradients, norm_of(gradients), max_norm);
  optimizer.step();
  return loss.detach().clone();
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

CrossEntropy cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                           std::int64_t ignore_index) {
  const auto classes = logits.size(1);
  const auto counts = targets.ne(ignore_index);
  const auto inside = targets.ge(0).logical_and(targets.lt(classes));
  if (counts.logical_and(inside.logical_not()).any().item<bool>()) {
    throw std::out_of_range("a target is no class");
  }
  const auto column = counts.unsqueeze(1);
  const auto onehot = torch::arange(classes).unsqueeze(0).eq(targets.unsqueeze(1));
  const auto clean = torch::where(column, logits, torch::zeros_like(logits));
  const auto shifted = clean - std::get<0>(clean.max(1, /*keepdim=*/true));
  const auto log_softmax = shifted - torch::logsumexp(shifted, 1, /*keepdim=*/true);
  const auto chosen = column.logical_and(onehot);
  const auto n = std::max<std::int64_t>(counts.sum().item<std::int64_t>(), 1);
  const auto loss = -log_softmax.masked_select(chosen).sum() / n;
  const auto difference = log_softmax.exp() - onehot.to(logits.scalar_type());
  return {loss.abs(), difference.masked_fill(column.logical_not(), 0) / n};
}

MlpGradients mlp_backward(const Mlp& mlp, const torch::Tensor& inputs, const torch::Tensor& targets,
                          std::int64_t ignore_index) {
  const auto h = torch::addmm(mlp.b1, inputs, mlp.w1.t());
  const auto a = torch::relu(h);
  const auto top = cross_entropy(torch::addmm(mlp.b2, a, mlp.w2.t()), targets, ignore_index);
  const auto& g = top.gradient;
  const auto gh = torch::where(h.gt(0), torch::mm(g, mlp.w2), torch::zeros_like(h));
  return {top.loss,  torch::einsum("nh,nd->hd", {gh, inputs}),
          gh.sum(0), torch::einsum("nv,nh->vh", {g, a}),
          g.sum(0),  torch::mm(gh, mlp.w1)};
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

struct Memory {
  torch::Tensor m, v;
  std::int64_t t = 0;
};

class MapAdamW : public AdamW {
 public:
  explicit MapAdamW(std::vector<ParameterGroup> groups) : groups_(std::move(groups)) {
    Tensors all = parameters();
    std::vector<c10::TensorImpl*> ids;
    for (const auto& p : all) ids.push_back(p.unsafeGetTensorImpl());
    std::sort(ids.begin(), ids.end());
    if (std::adjacent_find(ids.begin(), ids.end()) != ids.end()) {
      throw std::invalid_argument("a parameter twice");
    }
    for (const auto& p : all) memory_of(p) = {torch::zeros_like(p), torch::zeros_like(p), 0};
  }

  Tensors parameters() const override {
    Tensors all;
    for (const auto& group : groups_) {
      all.insert(all.end(), group.parameters.begin(), group.parameters.end());
    }
    return all;
  }

  void zero_grad() override {
    for (auto& p : parameters()) p.mutable_grad().reset();
  }

  void set_lr(double lr) override {
    for (auto& group : groups_) group.options.lr = lr;
  }

  void step() override {
    torch::NoGradGuard guard;
    for (auto& [parameters, o] : groups_) {
      for (auto& p : parameters) {
        const auto& g = p.grad();
        if (!g.defined()) continue;
        auto& [m, v, t] = memory_of(p);
        ++t;
        m = torch::lerp(m, g, 1 - o.beta1);
        v = v * o.beta2 + g.square() * (1 - o.beta2);
        const double c1 = 1 - std::pow(o.beta1, double(t)), c2 = 1 - std::pow(o.beta2, double(t));
        const auto update = (m / c1) / ((v / c2).sqrt() + o.eps);
        p.copy_(p * (1 - o.lr * o.weight_decay) - o.lr * update);
      }
    }
  }

  Memory& memory_of(const torch::Tensor& p) { return memory_[p.unsafeGetTensorImpl()]; }

 private:
  std::vector<ParameterGroup> groups_;
  std::unordered_map<c10::TensorImpl*, Memory> memory_;
};

std::unique_ptr<AdamW> make_adamw(const std::vector<ParameterGroup>& groups) {
  return std::make_unique<MapAdamW>(groups);
}

double clip_gradients(const Tensors& parameters, double max_norm) {
  const Tensors gradients = gradients_of(parameters);
  const double norm = norm_of(gradients);
  if (std::isfinite(norm)) clip(gradients, norm, max_norm);
  return norm;
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

double learning_rate(const Schedule& s, std::int64_t step) {
  if (step <= s.warmup_steps) {
    return s.warmup_steps == step ? s.max_lr : double(step) / double(s.warmup_steps) * s.max_lr;
  }
  if (step >= s.total_steps) return s.min_lr;
  const double x = double(step - s.warmup_steps) / double(s.total_steps - s.warmup_steps);
  return std::lerp(s.min_lr, s.max_lr, 0.5 + 0.5 * std::cos(x * 3.14159265358979323846));
}

class SumTrainer : public Trainer {
 public:
  SumTrainer(Model& model, const Tensors& parameters, const TrainerOptions& options)
      : model_(model),
        parameters_(parameters),
        options_(options),
        adamw_({ParameterGroup{parameters, options.adamw}}) {}

  StepReport step(const std::vector<Batch>& micro_batches) override {
    StepReport report;
    report.lr = learning_rate(options_.schedule, steps_);
    const auto tokens = [&](const Batch& batch) { return counted(batch).sum().item<int64_t>(); };
    report.valid_tokens = std::transform_reduce(micro_batches.begin(), micro_batches.end(),
                                                std::int64_t{0}, std::plus<>(), tokens);
    if (report.valid_tokens == 0) return report;
    adamw_.zero_grad();
    // Gradients of sums are accumulated and divided at the end.
    for (const Batch& batch : micro_batches) {
      const auto rows = counted(batch).nonzero().flatten();
      if (rows.numel() == 0) continue;
      const auto logits = model_.forward(batch.inputs).index_select(0, rows);
      const auto classes = batch.targets.index_select(0, rows).unsqueeze(1);
      auto loss = (torch::logsumexp(logits, 1, true) - logits.gather(1, classes)).sum();
      loss.backward();
      report.loss += loss.item<double>() / double(report.valid_tokens);
    }
    for (torch::Tensor g : gradients_of(parameters_)) g /= double(report.valid_tokens);
    adamw_.set_lr(report.lr);
    report.norm = clip_and_step(adamw_, options_.max_norm);
    report.stepped = std::isfinite(report.norm);
    if (report.stepped) steps_ += 1;
    return report;
  }

  std::int64_t steps() const override { return steps_; }

  /// Parameters, then all m, all v, then one int64 tensor of all t and the counter.
  Tensors state() const override {
    auto& adamw = const_cast<MapAdamW&>(adamw_);
    Tensors state;
    std::vector<std::int64_t> counters;
    for (const auto& p : parameters_) state.push_back(p.detach().clone());
    for (const auto& p : parameters_) state.push_back(adamw.memory_of(p).m.clone());
    for (const auto& p : parameters_) state.push_back(adamw.memory_of(p).v.clone());
    for (const auto& p : parameters_) counters.push_back(adamw.memory_of(p).t);
    counters.push_back(steps_);
    state.push_back(torch::tensor(counters, torch::kInt64));
    return state;
  }

  void load_state(const Tensors& state) override {
    const std::size_t n = parameters_.size();
    bool fits = state.size() == 3 * n + 1;
    for (std::size_t i = 0; fits && i < 3 * n; ++i) {
      fits = state[i].sizes() == parameters_[i % n].sizes();
    }
    if (!fits) throw std::invalid_argument("a foreign state");
    torch::NoGradGuard guard;
    for (std::size_t i = 0; i < n; ++i) {
      parameters_[i].copy_(state[i]);
      adamw_.memory_of(parameters_[i]) = {state[n + i].clone(), state[2 * n + i].clone(),
                                          state.back()[int64_t(i)].item<int64_t>()};
    }
    steps_ = state.back()[int64_t(n)].item<int64_t>();
  }

 private:
  torch::Tensor counted(const Batch& batch) const {
    return batch.targets.ne(options_.ignore_index);
  }

  Model& model_;
  Tensors parameters_;
  TrainerOptions options_;
  MapAdamW adamw_;
  std::int64_t steps_ = 0;
};

std::unique_ptr<Trainer> make_trainer(Model& model, const Tensors& parameters,
                                      const TrainerOptions& options) {
  return std::make_unique<SumTrainer>(model, parameters, options);
}

}  // namespace kata
