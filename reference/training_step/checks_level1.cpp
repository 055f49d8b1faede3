#include <gtest/gtest.h>

#include <limits>

#include "level1.h"
#include "oracle.h"
#include "regression.h"
#include "step_cases.h"
#include "support/probe.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

using regression::Expected;
using regression::random_regression;
using regression::Regression;
using step_cases::expect_number;
using step_cases::expect_that;
using step_cases::parameter;
using step_cases::RecordingOptimizer;
using step_cases::Snapshot;
using support::expect_close;
using support::Inputs;
using support::kFloat32;
using support::kFloat64;
using support::matrix;
using support::RandomTensors;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Runs one step with plain descent and compares all that it leaves behind.
void expect_right_step(const Regression& r, kata::Optimizer& optimizer, double max_norm, double lr,
                       const support::Tolerance& tolerance = kFloat32) {
  const Inputs in = r.shown();
  const Expected expected(r, max_norm, lr);
  kata::Linear model = r.model();
  const torch::Tensor loss = support::answer_of(
      in, [&] { return kata::training_step(model, optimizer, r.batch, max_norm); });
  if (support::has_form("the returned loss", loss, {}, tolerance.dtype, in)) {
    expect_number("the returned loss", loss.item<double>(), expected.loss, tolerance.absolute,
                  tolerance.relative, in);
  }
  const std::string clipped = " after the step (max_norm " + support::number(max_norm) +
                              ", norm before clipping " + support::number(expected.norm) + ")";
  expect_close("weight.grad()" + clipped, r.weight.grad(), expected.weight_gradient, tolerance, in);
  if (expected.bias_gradient.defined()) {
    expect_close("bias.grad()" + clipped, r.bias.grad(), expected.bias_gradient, tolerance, in);
  }
  expect_close("weight" + clipped, r.weight, expected.weight, tolerance, in);
  expect_close("bias" + clipped, r.bias, expected.bias, tolerance, in);
}

/// w = 2 and a frozen b = 0 on inputs 1, 2 and targets 1, 5.
Regression example() {
  return {parameter(matrix({{2}})),
          parameter(torch::zeros({1}), /*frozen=*/true),
          {matrix({{1}, {2}}), matrix({{1}, {5}})}};
}

/// Writes its calls into the optimizer's list.
class RecordingModel : public kata::Model {
 public:
  RecordingModel(const Regression& r, RecordingOptimizer& optimizer)
      : model_(r.model()), optimizer_(optimizer) {}

  torch::Tensor forward(const torch::Tensor& inputs) override {
    optimizer_.events.emplace_back("forward");
    seen = inputs;
    return model_.forward(inputs);
  }

  torch::Tensor seen;

 private:
  kata::Linear model_;
  RecordingOptimizer& optimizer_;
};

}  // namespace

TEST(TrainingStep, EXAMPLE_OneWeight) {
  const Regression r = example();
  const Inputs in = r.shown();
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 0.1);
  const torch::Tensor loss =
      support::answer_of(in, [&] { return kata::training_step(model, sgd, r.batch, 10); });
  expect_close("the returned loss", loss, torch::tensor(1.0), kFloat32, in);
  expect_close("w after the step", r.weight, matrix({{2.1}}), kFloat32, in);
}

TEST(Clipping, EXAMPLE_HalfTheNorm) {
  const Regression r = example();
  const Inputs in = r.shown();
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 0.1);
  const torch::Tensor loss = kata::training_step(model, sgd, r.batch, 0.5);
  expect_close("the returned loss", loss, torch::tensor(1.0), kFloat32, in);
  expect_close("w after the step", r.weight, matrix({{2.05}}), kFloat32, in);
  expect_close("w's gradient after the step", r.weight.grad(), matrix({{-0.4999995}}), kFloat32,
               in);
}

TEST(TrainingStep, LossGradientsAndParameters) {
  RandomTensors random;
  for (const std::int64_t rows : {1, 6}) {
    const Regression r = random_regression(random, torch::kFloat32, rows, 4, 3);
    kata::Sgd sgd(r.parameters(), 0.05);
    expect_right_step(r, sgd, kInfinity, 0.05);
  }
  const Regression doubles = random_regression(random, torch::kFloat64);
  kata::Sgd sgd(doubles.parameters(), 0.3);
  expect_right_step(doubles, sgd, 0.7, 0.3, kFloat64);
}

TEST(TrainingStep, CallsEachOnceAndInOrder) {
  RandomTensors random;
  const Regression r = random_regression(random);
  RecordingOptimizer optimizer(r.parameters(), 0.1);
  RecordingModel model(r, optimizer);
  kata::training_step(model, optimizer, r.batch, 1);
  expect_that(
      optimizer.events == std::vector<std::string>{"zero_grad", "forward", "step"},
      "expected the calls zero_grad, forward, step; got " + step_cases::joined(optimizer.events));
  if (!model.seen.defined()) return;
  support::expect_same_bits("what forward() was given", model.seen, r.batch.inputs, r.shown());
}

TEST(TrainingStep, StepSeesTheClippedGradients) {
  RandomTensors random;
  const Regression r = random_regression(random);
  const Expected expected(r, 0.25, 0.1);
  const Inputs in = r.shown();
  RecordingOptimizer optimizer(r.parameters(), 0.1);
  RecordingModel model(r, optimizer);
  kata::training_step(model, optimizer, r.batch, 0.25);
  if (optimizer.at_step.size() != 2)
    return support::fail("optimizer.step() was not called, expected one call", in);
  expect_close("weight.grad() when step() is called", optimizer.at_step[0],
               expected.weight_gradient, kFloat32, in);
  expect_close("bias.grad() when step() is called", optimizer.at_step[1], expected.bias_gradient,
               kFloat32, in);
}

TEST(GradientLeaks, OldGradientsHaveNoInfluence) {
  RandomTensors random;
  for (const bool leaves_zeros : {false, true}) {
    const Regression r = random_regression(random);
    for (torch::Tensor p : r.parameters()) p.mutable_grad() = torch::full_like(p.detach(), 7.0);
    RecordingOptimizer optimizer(r.parameters(), 0.1, leaves_zeros);
    expect_right_step(r, optimizer, kInfinity, 0.1);
  }
}

TEST(GradientLeaks, NoneFromStepToStep) {
  RandomTensors random;
  for (const bool leaves_zeros : {false, true}) {
    Regression r = random_regression(random);
    RecordingOptimizer optimizer(r.parameters(), 0.1, leaves_zeros);
    for (int step = 0; step < 3; ++step) {
      expect_right_step(r, optimizer, 2, 0.1);
      r.batch = random_regression(random).batch;
    }
  }
}

TEST(Clipping, OneNormOverAllParameters) {
  RandomTensors random;
  for (const double max_norm : {0.01, 0.3}) {
    Regression r = random_regression(random);
    r.batch.targets = r.batch.targets * 5 + 3;  // norms well above
    kata::Sgd sgd(r.parameters(), 0.5);
    expect_right_step(r, sgd, max_norm, 0.5);
  }
}

TEST(Clipping, BeginsBelowMaxNorm) {
  // By 1e-6: the factor is less than 1 for norms from max_norm − 1e-6 on.
  RandomTensors random;
  const Regression r = random_regression(random, torch::kFloat64);
  kata::Sgd sgd(r.parameters(), 0.5);
  expect_right_step(r, sgd, Expected(r, kInfinity, 0.5).norm + 5e-7, 0.5, kFloat64);
}

TEST(Clipping, NeverEnlargesAndChangesNoBit) {
  RandomTensors random;
  const Regression r = random_regression(random);
  const Regression twin{
      parameter(r.weight), parameter(r.bias), {r.batch.inputs.clone(), r.batch.targets.clone()}};
  const double norm = Expected(r, kInfinity, 0.1).norm;
  const Inputs in = r.shown();
  kata::Linear model = r.model(), other = twin.model();
  kata::Sgd sgd(r.parameters(), 0.1), other_sgd(twin.parameters(), 0.1);
  kata::training_step(other, other_sgd, twin.batch, kInfinity);
  kata::training_step(model, sgd, r.batch, norm * 1.01 + 1e-3);
  const std::string what = " of norm " + support::number(norm) + " with a max_norm just above";
  if (!twin.weight.grad().defined())
    return support::fail(
        "weight.grad() after a step with an infinite max_norm is undefined, expected the gradient",
        in);
  support::expect_same_bits("the gradient" + what, r.weight.grad(), twin.weight.grad(), in);
  support::expect_same_bits("the parameter after a gradient" + what, r.weight.detach(),
                            twin.weight.detach(), in);
}

TEST(Clipping, ZeroGradientsStayZero) {
  RandomTensors random;
  Regression r = random_regression(random);
  r.batch.inputs = torch::zeros_like(r.batch.inputs);
  r.batch.targets = r.bias.detach().expand({5, 4}).clone();
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 0.1);
  const Snapshot weight(r.weight), bias(r.bias);
  const torch::Tensor loss = kata::training_step(model, sgd, r.batch, 1);
  expect_close("the loss of outputs that are the targets", loss, oracle::zeros({}),
               support::kExact32, r.shown());
  weight.expect_value("weight after a step with a gradient of 0", r.weight);
  bias.expect_value("bias after a step with a gradient of 0", r.bias);
}

TEST(FrozenParameters, StayAsTheyAre) {
  RandomTensors random;
  for (const double max_norm : {kInfinity, 0.1}) {
    Regression r = random_regression(random);
    r.bias = parameter(r.bias, /*frozen=*/true);
    RecordingOptimizer optimizer(r.parameters(), 0.1);
    const Snapshot bias(r.bias);
    expect_right_step(r, optimizer, max_norm, 0.1);
    bias.expect_value("the frozen bias after the step", r.bias);
    expect_that(!r.bias.requires_grad(),
                "the frozen bias has requires_grad true after the step, expected false as before");
    bias.expect_gradient("the frozen bias's gradient after the step", r.bias);
    expect_that(r.weight.requires_grad(),
                "weight has requires_grad false after the step, expected true as before");
  }
}

TEST(FrozenParameters, AndUnusedOnesAreNoPartOfTheNorm) {
  RandomTensors random;
  const Regression r = random_regression(random);
  const torch::Tensor unused = parameter(random.normal({3}));
  const torch::Tensor frozen = parameter(random.normal({2, 2}), /*frozen=*/true);
  const Snapshot unused_before(unused), frozen_before(frozen);
  RecordingOptimizer optimizer({unused, r.weight, frozen, r.bias}, 0.1);
  expect_right_step(r, optimizer, 0.2, 0.1);
  unused_before.expect_value("a parameter that forward does not use, after the step,", unused);
  unused_before.expect_gradient(
      "the gradient of a parameter that forward does not use, after the step,", unused);
  frozen_before.expect_value("a frozen parameter of shape (2, 2) after the step", frozen);
  frozen_before.expect_gradient("the gradient of a frozen parameter of shape (2, 2) after the step",
                                frozen);
}

TEST(ReturnedLoss, IsDetached) {
  RandomTensors random;
  const Regression r = random_regression(random);
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 0.1);
  const torch::Tensor loss = kata::training_step(model, sgd, r.batch, 1);
  if (!support::has_form("the returned loss", loss, {}, torch::kFloat32, {})) return;
  expect_that(
      !loss.requires_grad(),
      "the returned loss has requires_grad true: it holds its graph; expected a detached one",
      r.shown());
}

TEST(ReturnedLoss, IsNotChangedByLaterSteps) {
  RandomTensors random;
  const Regression r = random_regression(random);
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 0.1);
  const torch::Tensor first = kata::training_step(model, sgd, r.batch, 1);
  if (!support::has_form("the returned loss", first, {}, torch::kFloat32, {})) return;
  const torch::Tensor before = first.detach().clone();
  kata::training_step(model, sgd, r.batch, 1);
  support::expect_same_bits("the first step's loss after the second step", first.detach(), before,
                            {});
}

TEST(Graphs, MemoryIsConstantOverFiftySteps) {
  RandomTensors random;
  const Regression r = random_regression(random, torch::kFloat32, 64, 8, 64);
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 0.01);
  std::vector<torch::Tensor> losses;
  losses.reserve(64);
  const auto peak_of = [&](int steps) {
    const support::AllocationProbe probe;
    for (int i = 0; i < steps; ++i) {
      losses.push_back(kata::training_step(model, sgd, r.batch, 1));
    }
    return probe.peak_bytes();
  };
  peak_of(2);  // LibTorch's own first-time allocations
  const std::int64_t few = peak_of(3), many = peak_of(50);
  // 16 KiB are one matrix of outputs; a kept graph has at least one.
  expect_that(many <= few + (std::int64_t{128} << 10),
              "3 steps need " + std::to_string(few) + " bytes at their peak, 50 steps " +
                  std::to_string(many) +
                  ", expected about as much: something keeps the steps' graphs");
}

TEST(Graphs, GradientsHoldNone) {
  RandomTensors random;
  const Regression r = random_regression(random);
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 0.1);
  kata::training_step(model, sgd, r.batch, 0.1);
  for (const support::Input& p : Inputs{{"weight", r.weight}, {"bias", r.bias}}) {
    const torch::Tensor gradient = p.value.grad();
    if (!gradient.defined())
      return support::fail(p.name + ".grad() is undefined after the step, expected the gradient",
                           r.shown());
    expect_that(
        !gradient.requires_grad(),
        p.name + ".grad() has requires_grad true after the step: it holds a graph; expected false",
        r.shown());
  }
}

TEST(Inputs, StayAsTheyWere) {
  RandomTensors random;
  const Regression r = random_regression(random);
  const support::UntouchedInputs guard({{"inputs", r.batch.inputs}, {"targets", r.batch.targets}});
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 0.1);
  kata::training_step(model, sgd, r.batch, 0.1);
  guard.expect_unchanged();
}
