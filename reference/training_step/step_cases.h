#pragma once

// Models, optimizers and small assertions that the checks share.

#include <string>
#include <utility>
#include <vector>

#include "level1.h"
#include "support/parameters.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace step_cases {

using support::expect_number;
using support::expect_same_bytes;
using support::expect_that;
using support::Inputs;
using support::joined;
using support::parameter;
using support::Snapshot;

inline std::vector<Snapshot> snapshots(const std::vector<torch::Tensor>& parameters) {
  std::vector<Snapshot> all;
  for (const torch::Tensor& p : parameters) all.emplace_back(p);
  return all;
}

/// An optimizer that writes down what is asked of it. Its step subtracts lr · gradient; its
/// zero_grad leaves zeros or undefined gradients.
class RecordingOptimizer : public kata::Optimizer {
 public:
  RecordingOptimizer(std::vector<torch::Tensor> parameters, double lr, bool leaves_zeros = false)
      : parameters_(std::move(parameters)), lr_(lr), leaves_zeros_(leaves_zeros) {}

  std::vector<torch::Tensor> parameters() const override { return parameters_; }

  void zero_grad() override {
    events.emplace_back("zero_grad");
    for (torch::Tensor& p : parameters_) {
      if (leaves_zeros_ && p.grad().defined()) {
        p.mutable_grad() = torch::zeros_like(p);
      } else {
        p.mutable_grad().reset();
      }
    }
  }

  void step() override {
    events.emplace_back("step");
    at_step.clear();
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& p : parameters_) {
      at_step.push_back(p.grad().defined() ? p.grad().detach().clone() : torch::Tensor());
      if (p.grad().defined()) p.sub_(p.grad(), lr_);
    }
  }

  std::vector<std::string> events;
  std::vector<torch::Tensor> at_step;  // the gradients that the last step() saw

 private:
  std::vector<torch::Tensor> parameters_;
  double lr_;
  bool leaves_zeros_;
};

}  // namespace step_cases
