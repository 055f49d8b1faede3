#pragma once

// AdamW of the attempt against the oracle's, on the same parameters and gradients.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "level3.h"
#include "optimizer_oracle.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace adamw_race {

inline void give(torch::Tensor p, const torch::Tensor& gradient) {
  p.mutable_grad() = gradient;
}

inline torch::Tensor numbers_of(const kata::AdamWOptions& o) {
  return torch::tensor({o.lr, o.beta1, o.beta2, o.eps, o.weight_decay}, torch::kFloat64);
}

/// The oracle steps first, from copies of its own; what the attempt does cannot reach it.
class Race {
 public:
  explicit Race(const std::vector<kata::ParameterGroup>& groups)
      : adamw(kata::make_adamw(groups)), groups_(groups) {
    for (const auto& group : groups) {
      for (const torch::Tensor& p : group.parameters) {
        const std::string name = "parameter " + std::to_string(parameters_.size());
        shown_.push_back(
            {{name + " at the start", p.detach().clone()},
             {"[lr, beta1, beta2, eps, weight_decay] at the start", numbers_of(group.options)}});
        parameters_.push_back(p);
        slots_.emplace_back(p);
      }
    }
  }

  /// Gradients in the order of parameters, undefined ones for parameters without; for the attempt
  /// they are not given yet.
  void oracle_step(const std::vector<torch::Tensor>& gradients) {
    ++count_;
    std::size_t i = 0;
    for (const auto& group : groups_) {
      for (std::size_t j = 0; j < group.parameters.size(); ++j, ++i) {
        slots_[i].step(gradients[i], group.options);
        if (count_ > kShownSteps || !gradients[i].defined()) continue;
        shown_[i].push_back(
            {"its gradient in step " + std::to_string(count_), gradients[i].detach().clone()});
      }
    }
  }

  void give_all(const std::vector<torch::Tensor>& gradients) {
    for (std::size_t i = 0; i < gradients.size(); ++i) give(parameters_[i], gradients[i]);
  }

  void step(const std::vector<torch::Tensor>& gradients) {
    oracle_step(gradients);
    give_all(gradients);
    adamw->step();
  }

  void set_lr(double lr) {
    adamw->set_lr(lr);
    for (auto& group : groups_) group.options.lr = lr;
  }

  void expect_equal(const std::string& when,
                    const support::Tolerance& tolerance = support::kFloat64) const {
    if (testing::Test::HasFailure()) return;  // after one wrong step all are wrong
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      support::expect_close("parameter " + std::to_string(i) + " " + when, parameters_[i].detach(),
                            slots_[i].p, tolerance, shown_[i]);
    }
  }

  std::unique_ptr<kata::AdamW> adamw;

 private:
  static constexpr int kShownSteps = 6;

  std::vector<kata::ParameterGroup> groups_;
  std::vector<torch::Tensor> parameters_;
  std::vector<oracle::AdamWSlot> slots_;
  std::vector<support::Inputs> shown_;  // of each parameter, what a failure shows
  int count_ = 0;
};

inline constexpr support::Tolerance kStep32{"float32, one step", torch::kFloat32, 1e-6, 1e-6};

inline torch::Tensor value(double number, torch::ScalarType dtype = torch::kFloat64) {
  return torch::full({}, number, dtype);
}

/// Options far from the usual ones, so that each matters at once.
inline kata::AdamWOptions strong_options() {
  return {.lr = 0.1, .beta1 = 0.7, .beta2 = 0.9, .eps = 1e-3, .weight_decay = 0.5};
}

inline torch::Tensor random_parameter(support::RandomTensors& random,
                                      const std::vector<std::int64_t>& sizes,
                                      torch::ScalarType dtype = torch::kFloat64) {
  return step_cases::parameter(random.normal(sizes, dtype));
}

}  // namespace adamw_race
