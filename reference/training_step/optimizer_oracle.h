#pragma once

// What is right for AdamW, the schedule and the trainer, in float64 and plain loops.

#include <cmath>
#include <cstdint>
#include <vector>

#include "oracle.h"

namespace oracle {

/// One parameter under AdamW. `Options` is kata::AdamWOptions.
struct AdamWSlot {
  torch::Tensor p, m, v;  // float64
  std::int64_t t = 0;

  explicit AdamWSlot(const torch::Tensor& parameter)
      : p(float64(parameter)), m(zeros(p.sizes())), v(zeros(p.sizes())) {}

  /// `gradient` of any dtype and strides; undefined leaves everything as it is.
  template <typename Options>
  void step(const torch::Tensor& gradient, const Options& options) {
    if (!gradient.defined()) return;
    const torch::Tensor g64 = float64(gradient);
    ++t;
    const double correction1 = 1 - std::pow(options.beta1, t);
    const double correction2 = 1 - std::pow(options.beta2, t);
    for (std::int64_t i = 0; i < p.numel(); ++i) {
      const double g = entries(g64)[i];
      double &value = entries(p)[i], &mean = entries(m)[i], &square = entries(v)[i];
      value *= 1 - options.lr * options.weight_decay;
      mean = options.beta1 * mean + (1 - options.beta1) * g;
      square = options.beta2 * square + (1 - options.beta2) * g * g;
      value -= options.lr * (mean / correction1) / (std::sqrt(square / correction2) + options.eps);
    }
  }
};

/// `Schedule` is kata::Schedule.
template <typename Schedule>
double learning_rate(const Schedule& schedule, std::int64_t step) {
  const auto s = static_cast<double>(step);
  const auto warmup = static_cast<double>(schedule.warmup_steps);
  const auto total = static_cast<double>(schedule.total_steps);
  if (s < warmup) return schedule.max_lr * s / warmup;
  if (s == warmup) return schedule.max_lr;
  if (s >= total) return schedule.min_lr;
  const double pi = std::acos(-1.0);
  const double weight = (1 + std::cos(pi * (s - warmup) / (total - warmup))) / 2;
  return schedule.min_lr + (schedule.max_lr - schedule.min_lr) * weight;
}

/// The trainer of an Mlp, on whole batches: what any split into micro-batches must come to.
template <typename Options>
class MlpTrainer {
 public:
  struct Report {
    double loss = 0, norm = 0, lr = 0;
    std::int64_t valid_tokens = 0;
    bool stepped = false;
  };

  /// Parameters w1, b1, w2, b2, of which the frozen ones never get a gradient.
  template <typename Mlp>
  MlpTrainer(const Mlp& mlp, const Options& options) : options_(options) {
    for (const torch::Tensor& parameter : {mlp.w1, mlp.b1, mlp.w2, mlp.b2}) {
      slots_.emplace_back(parameter);
      frozen_.push_back(!parameter.requires_grad());
    }
  }

  Report step(const torch::Tensor& inputs, const torch::Tensor& targets) {
    const struct {
      torch::Tensor w1, b1, w2, b2;
    } mlp{slots_[0].p, slots_[1].p, slots_[2].p, slots_[3].p};
    const MlpGradients all = mlp_backward(mlp, inputs, targets, options_.ignore_index);
    Report report{0, 0, learning_rate(options_.schedule, steps_), all.valid, false};
    if (all.valid == 0) return report;
    std::vector<torch::Tensor> gradients{all.w1, all.b1, all.w2, all.b2};
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (frozen_[i]) gradients[i] = torch::Tensor();
    }
    report.loss = all.loss;
    report.norm = clip(gradients, options_.max_norm);
    report.stepped = std::isfinite(report.norm);
    if (!report.stepped) return report;
    auto adamw = options_.adamw;
    adamw.lr = report.lr;
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].step(gradients[i], adamw);
    ++steps_;
    return report;
  }

  const torch::Tensor& parameter(std::size_t i) const { return slots_[i].p; }
  std::int64_t steps() const { return steps_; }

 private:
  Options options_;
  std::vector<AdamWSlot> slots_;
  std::vector<bool> frozen_;
  std::int64_t steps_ = 0;
};

}  // namespace oracle
