#pragma once

// Models, optimizers and small assertions that the checks share.

#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "level1.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace step_cases {

using support::Inputs;

/// A parameter of its own memory, as given.
inline torch::Tensor parameter(const torch::Tensor& values, bool frozen = false) {
  return values.detach().clone().requires_grad_(!frozen);
}

/// float64 number ± allowed; NaN only where NaN is expected.
inline void expect_number(const std::string& what, double got, double expected, double absolute,
                          double relative, const Inputs& inputs = {}) {
  if (std::isnan(got) && std::isnan(expected)) return;
  if (got == expected) return;  // infinities too
  const double allowed = absolute + relative * std::abs(expected);
  if (std::abs(got - expected) <= allowed) return;
  support::fail(what + " is wrong: expected " + support::number(expected) + ", got " +
                    support::number(got) + " (allowed difference " + support::number(allowed) + ")",
                inputs);
}

inline void expect_that(bool holds, const std::string& what, const Inputs& inputs = {}) {
  if (!holds) support::fail(what, inputs);
}

/// As support::expect_same_bits, also for infinities.
inline void expect_same_bits(const std::string& what, const torch::Tensor& got,
                             const torch::Tensor& expected) {
  const torch::Tensor a = got.detach().contiguous(), b = expected.detach().contiguous();
  const bool same_form = a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes();
  if (same_form && std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0) return;
  support::expect_same_bits(what, a, b, {});
}

/// What a parameter and its gradient were, for comparison bit for bit.
struct Snapshot {
  torch::Tensor value, gradient;

  explicit Snapshot(const torch::Tensor& parameter)
      : value(parameter.detach().clone()),
        gradient(parameter.grad().defined() ? parameter.grad().detach().clone() : torch::Tensor()) {
  }

  void expect_value(const std::string& what, const torch::Tensor& parameter) const {
    step_cases::expect_same_bits(what, parameter, value);
  }

  void expect_gradient(const std::string& what, const torch::Tensor& parameter) const {
    if (gradient.defined() != parameter.grad().defined()) {
      support::fail(what + (gradient.defined() ? " is undefined, expected it to be as before"
                                               : " is defined, expected it to stay undefined"));
    } else if (gradient.defined()) {
      step_cases::expect_same_bits(what, parameter.grad(), gradient);
    }
  }
};

inline std::vector<Snapshot> snapshots(const std::vector<torch::Tensor>& parameters) {
  std::vector<Snapshot> all;
  for (const torch::Tensor& p : parameters) all.emplace_back(p);
  return all;
}

inline std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "nothing" : text;
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
