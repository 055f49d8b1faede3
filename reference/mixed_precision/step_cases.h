#pragma once

// Models, optimizers and small assertions that the checks of both levels share.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "level1.h"
#include "oracle.h"
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
using support::RandomTensors;
using support::Snapshot;

/// Plain descent with momentum that writes down what is asked of it. Its zero_grad leaves zeros or
/// undefined gradients.
class RecordingOptimizer : public kata::Sgd {
 public:
  RecordingOptimizer(std::vector<torch::Tensor> parameters, double lr, bool leaves_zeros = false,
                     double momentum = 0)
      : Sgd(std::move(parameters), lr, momentum), leaves_zeros_(leaves_zeros) {}

  void zero_grad() override {
    events.emplace_back("zero_grad");
    for (torch::Tensor& p : parameters()) {
      if (leaves_zeros_ && p.grad().defined()) {
        p.mutable_grad() = torch::zeros_like(p);
      } else {
        p.mutable_grad().reset();
      }
    }
  }

  std::vector<torch::Tensor> parameters() const override { return Sgd::parameters(); }

  void step() override {
    events.emplace_back("step");
    at_step.clear();
    for (const torch::Tensor& p : parameters()) {
      at_step.push_back(p.grad().defined() ? p.grad().detach().clone() : torch::Tensor());
    }
    Sgd::step();
  }

  std::vector<std::string> events;
  std::vector<torch::Tensor> at_step;  // the gradients that the last step() saw

 private:
  bool leaves_zeros_;
};

/// A linear model with its data.
struct Regression {
  torch::Tensor weight, bias;  // (K, D), (K)
  kata::Batch batch;

  std::vector<torch::Tensor> parameters() const { return {weight, bias}; }
  kata::Linear model() const { return {weight, bias}; }
  Inputs shown() const {
    return {{"weight", weight.detach().clone()},
            {"bias", bias.detach().clone()},
            {"inputs", batch.inputs.detach().clone()},
            {"targets", batch.targets.detach().clone()}};
  }
};

inline Regression random_regression(RandomTensors& random,
                                    torch::ScalarType dtype = torch::kFloat32,
                                    std::int64_t rows = 5, std::int64_t d = 3, std::int64_t k = 4) {
  return {parameter(random.normal({k, d}, dtype)),
          parameter(random.normal({k}, dtype)),
          {random.normal({rows, d}, dtype), random.normal({rows, k}, dtype)}};
}

/// Linear, plus a term that is finite but whose gradient is not where `poison` has a 0: √q has the
/// infinite derivative there, and 0 · √q none. Without `on` it is not there, and q is unused.
class PoisonedModel : public kata::Model {
 public:
  enum class Kind { kInfinity, kMinusInfinity, kNan };

  PoisonedModel(const Regression& r, torch::Tensor q, Kind kind)
      : poison(std::move(q)), model_(r.model()), kind_(kind) {}

  torch::Tensor forward(const torch::Tensor& inputs) override {
    const torch::Tensor outputs = model_.forward(inputs);
    if (!on) return outputs;
    return outputs + (poison.sqrt() * (kind_ == Kind::kNan ? 0 : 1)).sum();
  }

  bool on = true;
  torch::Tensor poison;

 private:
  kata::Linear model_;
  Kind kind_;
};

inline std::string text(const kata::ScalerState& s) {
  char scale[32];
  std::snprintf(scale, sizeof scale, "%.9g", s.scale);
  if (std::strtod(scale, nullptr) != s.scale) std::snprintf(scale, sizeof scale, "%.17g", s.scale);
  return "{" + std::string(scale) + ", " + std::to_string(s.good_steps) + "}";
}

inline void expect_scaler(const std::string& when, const kata::Trainer& trainer, double scale,
                          std::int64_t good_steps, const Inputs& inputs = {}) {
  const kata::ScalerState got = trainer.scaler();
  if (got.scale == scale && got.good_steps == good_steps) return;
  support::fail("scaler() " + when + " is " + text(got) + ", expected " +
                    text(kata::ScalerState{scale, good_steps}),
                inputs);
}

/// What the report says, field by field.
inline void expect_report(const kata::StepReport& got, const kata::StepReport& expected,
                          const support::Tolerance& tolerance, const Inputs& inputs,
                          const std::string& when = "") {
  expect_that(got.stepped == expected.stepped,
              std::string("the report says stepped = ") + (got.stepped ? "true" : "false") +
                  ", expected " + (expected.stepped ? "true" : "false") + when,
              inputs);
  expect_number("loss in the report" + when, got.loss, expected.loss, tolerance.absolute,
                tolerance.relative, inputs);
  if (expected.stepped) {
    expect_number("norm in the report" + when, got.norm, expected.norm, tolerance.absolute,
                  tolerance.relative, inputs);
  } else {
    expect_that(!std::isfinite(got.norm),
                "norm in the report of a skipped step is " + support::number(got.norm) +
                    ", expected infinity or NaN" + when,
                inputs);
  }
  expect_number("scale in the report" + when, got.scale, expected.scale, 0, 0, inputs);
}

/// Options with this scale, which does not move soon.
inline kata::TrainerOptions options(double scale, double max_norm = HUGE_VAL) {
  return {.max_norm = max_norm, .initial_scale = scale};
}

/// One step of plain descent on the regression, compared in all that it leaves behind.
inline void expect_right_step(const Regression& r, kata::Trainer& trainer,
                              const kata::TrainerOptions& o, double lr,
                              const support::Tolerance& tolerance, const std::string& when = "") {
  Inputs in = r.shown();
  in.push_back(
      {"[scale, max_norm]", torch::tensor({o.initial_scale, o.max_norm}, torch::kFloat64)});
  const oracle::LinearStep expected(r.batch.inputs, r.batch.targets, r.weight, r.bias, o.max_norm);
  const torch::Tensor weight = oracle::float64(r.weight), bias = oracle::float64(r.bias);
  const kata::StepReport report = trainer.step(r.batch);
  expect_report(report, {expected.loss, expected.norm, o.initial_scale, true}, tolerance, in, when);
  const auto expect = [&](const std::string& name, const torch::Tensor& parameter,
                          const torch::Tensor& before, const torch::Tensor& gradient) {
    if (!gradient.defined()) return;
    support::expect_close(name + "'s gradient after the step, unscaled and clipped" + when,
                          parameter.grad(), gradient, tolerance, in);
    support::expect_close(name + " after the step" + when, parameter, before - gradient * lr,
                          tolerance, in);
  };
  expect("weight", r.weight, weight, expected.weight_gradient);
  expect("bias", r.bias, bias, expected.bias_gradient);
}

}  // namespace step_cases
