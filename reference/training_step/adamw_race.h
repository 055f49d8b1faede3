#pragma once

// AdamW of the attempt against the oracle's, on the same parameters and gradients.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "level3.h"
#include "optimizer_oracle.h"
#include "step_cases.h"
#include "support/tensor_match.h"

namespace adamw_race {

inline void give(torch::Tensor p, const torch::Tensor& gradient) {
  p.mutable_grad() = gradient;
}

/// The oracle steps first, from copies of its own; what the attempt does cannot reach it.
class Race {
 public:
  explicit Race(const std::vector<kata::ParameterGroup>& groups)
      : adamw(kata::make_adamw(groups)), groups_(groups) {
    for (const auto& group : groups) {
      for (const torch::Tensor& p : group.parameters) {
        parameters_.push_back(p);
        slots_.emplace_back(p);
      }
    }
  }

  /// Gradients in the order of parameters, undefined ones for parameters without; for the attempt
  /// they are not given yet.
  void oracle_step(const std::vector<torch::Tensor>& gradients) {
    std::size_t i = 0;
    for (const auto& group : groups_) {
      for (std::size_t j = 0; j < group.parameters.size(); ++j, ++i) {
        slots_[i].step(gradients[i], group.options);
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
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      support::expect_close("parameter " + std::to_string(i) + " " + when, parameters_[i].detach(),
                            slots_[i].p, tolerance, {});
    }
  }

  std::unique_ptr<kata::AdamW> adamw;

 private:
  std::vector<kata::ParameterGroup> groups_;
  std::vector<torch::Tensor> parameters_;
  std::vector<oracle::AdamWSlot> slots_;
};

}  // namespace adamw_race
