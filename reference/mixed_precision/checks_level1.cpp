#include <gtest/gtest.h>
#include <torch/csrc/autograd/function.h>

#include <limits>
#include <optional>
#include <string>

#include "checks_level1_clipping.h"
#include "checks_level1_scale.h"
#include "level1.h"
#include "oracle.h"
#include "step_cases.h"
#include "support/probe.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

using step_cases::expect_report;
using step_cases::expect_right_step;
using step_cases::expect_scaler;
using step_cases::expect_that;
using step_cases::options;
using step_cases::parameter;
using step_cases::random_regression;
using step_cases::RecordingOptimizer;
using step_cases::Regression;
using step_cases::Snapshot;
using support::expect_close;
using support::Inputs;
using support::kFloat32;
using support::kFloat64;
using support::matrix;
using support::RandomTensors;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Tells the optimizer's list when forward is called, and sees when the graph of it is gone.
class RecordingModel : public kata::Model {
 public:
  RecordingModel(const Regression& r, RecordingOptimizer& optimizer)
      : model_(r.model()), optimizer_(optimizer) {}

  torch::Tensor forward(const torch::Tensor& inputs) override {
    optimizer_.events.emplace_back("forward");
    seen = inputs;
    const torch::Tensor outputs = model_.forward(inputs);
    graph.emplace(outputs.grad_fn());
    return outputs;
  }

  torch::Tensor seen;
  std::optional<c10::weak_intrusive_ptr<torch::autograd::Node>> graph;

 private:
  kata::Linear model_;
  RecordingOptimizer& optimizer_;
};

/// The outputs of the linear model in another dtype, which its numbers fit into.
class CastModel : public kata::Model {
 public:
  CastModel(const Regression& r, torch::ScalarType dtype) : model_(r.model()), dtype_(dtype) {}

  torch::Tensor forward(const torch::Tensor& inputs) override {
    return model_.forward(inputs).to(dtype_);
  }

 private:
  kata::Linear model_;
  torch::ScalarType dtype_;
};

/// Small integers, for which bfloat16 and float16 are exact; 4 · 2 outputs.
Regression whole_numbers(RandomTensors& random, torch::ScalarType targets_dtype) {
  const auto whole = [&](const std::vector<std::int64_t>& sizes) {
    return random.normal(sizes).round().clamp(-2, 2);
  };
  return {parameter(whole({2, 3})),
          parameter(whole({2})),
          {whole({4, 3}), whole({4, 2}).to(targets_dtype)}};
}

}  // namespace

TEST(LossScaling, EXAMPLE_ClipsWhatIsUnscaled) {
  const Regression r{parameter(matrix({{2}})),
                     parameter(torch::zeros({1}), /*frozen=*/true),
                     {matrix({{1}, {2}}), matrix({{1}, {5}})}};
  const Inputs in = r.shown();
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 0.1);
  const auto trainer = kata::make_trainer(model, sgd, options(1024, 0.5));
  expect_report(trainer->step(r.batch), {1, 1, 1024, true}, kFloat32, in);
  expect_close("w after the step", r.weight, matrix({{2.05}}), kFloat32, in);
  expect_close("w's gradient after the step", r.weight.grad(), matrix({{-0.4999995}}), kFloat32,
               in);
}

TEST(LossScaling, StepsAsIfThereWereNoScale) {
  RandomTensors random;
  for (const double scale : {1.0, 1000.0, 65536.0}) {
    for (const double max_norm : {kInfinity, 0.3}) {
      for (const support::Tolerance& tolerance : {kFloat32, kFloat64}) {
        const Regression r = random_regression(random, tolerance.dtype);
        kata::Linear model = r.model();
        kata::Sgd sgd(r.parameters(), 0.1);
        const kata::TrainerOptions o = options(scale, max_norm);
        const auto trainer = kata::make_trainer(model, sgd, o);
        expect_right_step(r, *trainer, o, 0.1, tolerance);
      }
    }
  }
}

TEST(LossScaling, CallsEachOnceAndInOrder) {
  RandomTensors random;
  const Regression r = random_regression(random);
  RecordingOptimizer optimizer(r.parameters(), 0.1);
  RecordingModel model(r, optimizer);
  const auto trainer = kata::make_trainer(model, optimizer, options(1024, 1));
  trainer->step(r.batch);
  expect_that(
      optimizer.events == std::vector<std::string>{"zero_grad", "forward", "step"},
      "expected the calls zero_grad, forward, step; got " + step_cases::joined(optimizer.events));
  if (!model.seen.defined()) return;
  support::expect_same_bits("what forward() was given", model.seen, r.batch.inputs, r.shown());
}

TEST(LossScaling, StepSeesUnscaledClippedGradients) {
  RandomTensors random;
  const Regression r = random_regression(random);
  const Inputs in = r.shown();
  const oracle::LinearStep expected(r.batch.inputs, r.batch.targets, r.weight, r.bias, 0.25);
  RecordingOptimizer optimizer(r.parameters(), 0.1);
  kata::Linear model = r.model();
  kata::make_trainer(model, optimizer, options(4096, 0.25))->step(r.batch);
  if (optimizer.at_step.size() != 2) return support::fail("step() was not called", in);
  expect_close("weight.grad() when step() is called", optimizer.at_step[0],
               expected.weight_gradient, kFloat32, in);
  expect_close("bias.grad() when step() is called", optimizer.at_step[1], expected.bias_gradient,
               kFloat32, in);
}

TEST(LossScaling, SmallGradientsSurviveFloat16) {
  // The gradient of the output is 2^-26 · a, which float16 takes for 0; times 2^16 it is fine.
  RandomTensors random;
  const auto a = static_cast<double>(random.integer(1, 2));
  const torch::Tensor weight = parameter(torch::zeros({1, 1}));
  const kata::Batch batch{matrix({{3}}), matrix({{-a * std::ldexp(1.0, -27)}})};
  const Inputs in{
      {"weight", weight.detach().clone()}, {"inputs", batch.inputs}, {"targets", batch.targets}};
  kata::HalfLinear model(weight);
  kata::Sgd sgd({weight}, std::ldexp(1.0, 20));
  kata::make_trainer(model, sgd, options(65536))->step(batch);
  expect_close("weight of a HalfLinear after a step with scale 65536 and lr 2^20", weight,
               matrix({{-3 * a * std::ldexp(1.0, -6)}}), kFloat32, in);
}

TEST(HalfOutputs, LossAndStepInTheTargetsDtype) {
  RandomTensors random;
  for (const torch::ScalarType dtype : {torch::kFloat16, torch::kBFloat16, torch::kFloat32}) {
    for (const torch::ScalarType targets : {torch::kFloat32, torch::kFloat64}) {
      const Regression r = whole_numbers(random, targets);
      CastModel model(r, dtype);
      kata::Sgd sgd(r.parameters(), 0.5);
      const kata::TrainerOptions o = options(64);
      const auto trainer = kata::make_trainer(model, sgd, o);
      expect_right_step(r, *trainer, o, 0.5, kFloat32);
    }
  }
}

TEST(HalfOutputs, SquaresAndSumsDoNotOverflowOrRound) {
  // 300² is infinite in float16, and 0.001 beside the output 1024 is lost in both half dtypes.
  RandomTensors random;
  for (const torch::ScalarType dtype : {torch::kFloat16, torch::kBFloat16}) {
    const double difference = 300 + static_cast<double>(random.integer(0, 9));
    const Regression far{parameter(matrix({{1}})),
                         parameter(torch::zeros({1}), /*frozen=*/true),
                         {matrix({{0}}), matrix({{-difference}})}};
    const Regression near{parameter(matrix({{1}})),
                          parameter(torch::zeros({1}), /*frozen=*/true),
                          {matrix({{1024}}), matrix({{1024.0078125}})}};
    for (const Regression& r : {far, near}) {
      CastModel model(r, dtype);
      kata::Sgd sgd(r.parameters(), 0.0);
      const double d = oracle::entries(oracle::float64(r.batch.targets))[0] -
                       oracle::entries(oracle::float64(r.batch.inputs))[0];
      const kata::StepReport got = kata::make_trainer(model, sgd, options(1))->step(r.batch);
      step_cases::expect_number(
          "the reported loss of one " + support::dtype_text(dtype) + " output", got.loss, d * d, 0,
          1e-5, r.shown());
    }
  }
}

TEST(FiniteCheck, LargeGradientsAreFinite) {
  // The scaled loss is infinite in float32, and so is the square of each gradient.
  RandomTensors random;
  for (const double max_norm : {kInfinity, 1.0}) {
    const auto a = static_cast<double>(random.integer(4, 6));
    const Regression r{parameter(torch::zeros({1, 1})),
                       parameter(torch::zeros({1})),
                       {matrix({{2}}), matrix({{-a * 3e18}})}};
    kata::Linear model = r.model();
    kata::Sgd sgd(r.parameters(), 1);
    const kata::TrainerOptions o = options(65536, max_norm);
    const auto trainer = kata::make_trainer(model, sgd, o);
    expect_right_step(r, *trainer, o, 1, kFloat32,
                      " (in float32 the scaled loss and the gradients' squares are infinite)");
  }
}

TEST(FiniteCheck, IsNotAboutTheLoss) {
  // (1e20)² is infinite in float32, 2 · 1e20 · 16 is not.
  const Regression r{parameter(torch::zeros({1, 1})),
                     parameter(torch::zeros({1}), /*frozen=*/true),
                     {matrix({{1}}), matrix({{1e20}})}};
  const Inputs in = r.shown();
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 1);
  const auto trainer = kata::make_trainer(model, sgd, options(16));
  expect_report(trainer->step(r.batch), {kInfinity, 2e20, 16, true}, kFloat32, in,
                " of a loss that is infinite with gradients that are not");
  expect_close("weight after the step", r.weight, matrix({{2e20}}), kFloat32, in);
}

TEST(OldGradients, HaveNoInfluence) {
  RandomTensors random;
  for (const bool leaves_zeros : {false, true}) {
    Regression r = random_regression(random);
    for (const torch::Tensor& p : r.parameters()) {
      p.mutable_grad() = torch::full_like(p.detach(), 7.0);
    }
    RecordingOptimizer optimizer(r.parameters(), 0.1, leaves_zeros);
    kata::Linear model = r.model();
    const kata::TrainerOptions o = options(512, 2);
    const auto trainer = kata::make_trainer(model, optimizer, o);
    for (int step = 0; step < 3; ++step) {
      expect_right_step(r, *trainer, o, 0.1, kFloat32);
      r.batch = random_regression(random).batch;
    }
  }
}

TEST(FrozenParameters, StayAsTheyAreAndCountNowhere) {
  RandomTensors random;
  for (const bool leaves_zeros : {false, true}) {
    Regression r = random_regression(random);
    r.bias = parameter(r.bias, /*frozen=*/true);
    const torch::Tensor unused = parameter(random.normal({3}));
    const Snapshot bias(r.bias), unused_before(unused);
    RecordingOptimizer optimizer({unused, r.weight, r.bias}, 0.1, leaves_zeros);
    kata::Linear model = r.model();
    const kata::TrainerOptions o = options(128, 0.2);
    const auto trainer = kata::make_trainer(model, optimizer, o);
    expect_right_step(r, *trainer, o, 0.1, kFloat32);
    bias.expect_value("a frozen parameter", r.bias);
    bias.expect_gradient("a frozen parameter's gradient", r.bias);
    expect_that(!r.bias.requires_grad(), "a frozen parameter requires a gradient after the step");
    expect_that(r.weight.requires_grad(), "a parameter is frozen after the step");
    unused_before.expect_value("a parameter that forward does not use", unused);
    unused_before.expect_gradient("the gradient of a parameter that forward does not use", unused);
  }
}

TEST(Graphs, AreGoneAfterTheStep) {
  RandomTensors random;
  const Regression r = random_regression(random, torch::kFloat32, 64, 8, 64);
  const support::UntouchedInputs guard({{"inputs", r.batch.inputs}, {"targets", r.batch.targets}});
  RecordingOptimizer optimizer(r.parameters(), 0.01);
  RecordingModel model(r, optimizer);
  const auto trainer = kata::make_trainer(model, optimizer, options(64, 1));
  const kata::Batch bad{torch::full_like(r.batch.inputs, kInfinity), r.batch.targets};
  for (const bool taken : {true, false}) {
    trainer->step(taken ? r.batch : bad);
    expect_that(!model.graph || model.graph->expired(),
                std::string("after a step that was ") + (taken ? "taken" : "skipped") +
                    ": expected the graph of its forward to be gone, but something keeps it");
  }
  trainer->step(r.batch);
  const auto peak_of = [&](int steps) {
    const support::AllocationProbe probe;
    for (int i = 0; i < steps; ++i) trainer->step(r.batch);
    return probe.peak_bytes();
  };
  peak_of(2);  // LibTorch's own first-time allocations
  const std::int64_t few = peak_of(3), many = peak_of(50);
  // 16 KiB are one matrix of outputs; a kept graph has at least one.
  expect_that(many <= few + (std::int64_t{128} << 10),
              "3 steps need " + std::to_string(few) + " bytes at their peak, 50 steps " +
                  std::to_string(many) + ": something keeps their graphs");
  for (const torch::Tensor& p : r.parameters()) {
    if (!p.grad().defined()) return support::fail("a gradient is undefined after the step");
    expect_that(!p.grad().requires_grad(), "a gradient requires a gradient: it holds a graph");
  }
  guard.expect_unchanged();
}
