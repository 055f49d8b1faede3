#pragma once

// The checks of the scale: what makes it smaller, larger, and what a skipped step leaves alone.
// A part of checks_level1.cpp.

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "level1.h"
#include "oracle.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace scale_checks {

using step_cases::expect_report;
using step_cases::expect_scaler;
using step_cases::expect_that;
using step_cases::parameter;
using step_cases::PoisonedModel;
using step_cases::random_regression;
using step_cases::RecordingOptimizer;
using step_cases::Regression;
using step_cases::Snapshot;
using support::kFloat32;
using support::RandomTensors;

constexpr double kInf = std::numeric_limits<double>::infinity();

/// Five numbers of which one, at a random place, is 0.
inline torch::Tensor random_poison(RandomTensors& random) {
  torch::Tensor q = random.normal({5}).square() + 0.5;
  q[random.integer(0, 4)] = 0;
  return parameter(q);
}

/// Overflows as told, by a parameter of its own.
struct Course {
  explicit Course(RandomTensors& random, const kata::TrainerOptions& options)
      : r(random_regression(random)),
        model(r, random_poison(random), PoisonedModel::Kind::kInfinity),
        sgd({r.weight, model.poison, r.bias}, 1e-3),
        trainer(kata::make_trainer(model, sgd, options)),
        expected{options} {}

  Course(const Course&) = delete;
  Course& operator=(const Course&) = delete;

  /// One step for each letter, 'x' an overflow; report and scaler() must be right after each.
  void run(const std::string& letters) {
    for (const char letter : letters) {
      if (testing::Test::HasFailure()) return;  // after one wrong step all are wrong
      model.on = letter == 'x';
      history += letter;
      const std::string when = "after the steps " + history + " (. good, x overflow), " + limits();
      const double used = expected.scale;
      const kata::StepReport report = trainer->step(r.batch);
      expected.after(model.on);
      expect_that(report.stepped != model.on,
                  std::string("stepped is ") + (report.stepped ? "true " : "false ") + when);
      expect_that(report.scale == used, "scale in the report is " + support::number(report.scale) +
                                            ", expected " + support::number(used) + " " + when);
      expect_scaler(when, *trainer, expected.scale, expected.good_steps);
    }
  }

  /// By set_scaler().
  void set(const kata::ScalerState& state) {
    trainer->set_scaler(state);
    expected.scale = state.scale;
    expected.good_steps = state.good_steps;
    history += " set_scaler(" + step_cases::text(state) + ") ";
  }

  std::string limits() const {
    const kata::TrainerOptions& o = expected.options;
    return "initial_scale " + support::number(o.initial_scale) + ", min_scale " +
           support::number(o.min_scale) + ", max_scale " + support::number(o.max_scale) +
           ", growth_interval " + std::to_string(o.growth_interval);
  }

  Regression r;
  PoisonedModel model;
  kata::Sgd sgd;
  std::unique_ptr<kata::Trainer> trainer;
  oracle::Scale<kata::TrainerOptions> expected;
  std::string history;
};

inline void run_course(RandomTensors& random, const kata::TrainerOptions& options,
                       const std::string& letters) {
  Course course(random, options);
  expect_scaler("before the first step", *course.trainer, options.initial_scale, 0);
  course.run(letters);
}

TEST(Overflow, EXAMPLE_HalvesUntilItFits) {
  const torch::Tensor weight = parameter(torch::ones({1, 1}));
  const kata::Batch batch{torch::ones({1, 1}), torch::zeros({1, 1})};
  kata::HalfLinear model(weight);
  kata::Sgd sgd({weight}, 0.25);
  const auto trainer = kata::make_trainer(model, sgd, {.max_norm = kInf, .initial_scale = 65536});
  const support::Inputs in{{"inputs", batch.inputs}, {"targets", batch.targets}};
  expect_scaler("before the first step", *trainer, 65536, 0, in);
  expect_report(trainer->step(batch), {1, kInf, 65536, false}, kFloat32, in, ", step 1");
  support::expect_close("w after step 1", weight, support::matrix({{1}}), kFloat32, in);
  expect_scaler("after step 1", *trainer, 32768, 0, in);
  expect_report(trainer->step(batch), {1, kInf, 32768, false}, kFloat32, in, ", step 2");
  support::expect_close("w after step 2", weight, support::matrix({{1}}), kFloat32, in);
  expect_scaler("after step 2", *trainer, 16384, 0, in);
  expect_report(trainer->step(batch), {1, 2, 16384, true}, kFloat32, in, ", step 3");
  support::expect_close("w after step 3", weight, support::matrix({{0.5}}), kFloat32, in);
  expect_scaler("after step 3", *trainer, 16384, 1, in);
}

/// One step with one element of one gradient not finite, and a good one before and after it.
inline void expect_skipped(RandomTensors& random, PoisonedModel::Kind kind, std::size_t place,
                           const std::string& name) {
  const Regression r = random_regression(random);
  PoisonedModel model(r, random_poison(random), kind);
  if (kind == PoisonedModel::Kind::kMinusInfinity) {
    r.batch.targets.copy_(r.batch.targets.abs() + 100);  // outputs − targets < 0
  } else {
    r.batch.targets.copy_(-r.batch.targets.abs() - 100);
  }
  std::vector<torch::Tensor> all{r.weight, r.bias};
  all.insert(all.begin() + static_cast<std::ptrdiff_t>(place), model.poison);
  RecordingOptimizer optimizer(all, 1e-3, /*leaves_zeros=*/random.integer(0, 1) == 1, 0.9);
  const auto trainer = kata::make_trainer(model, optimizer, {.max_norm = 1, .initial_scale = 1024});
  const support::Inputs in = r.shown();
  const std::string what =
      " after a step with " + name + " in the gradient of parameter " + std::to_string(place);

  model.on = false;
  trainer->step(r.batch);  // the optimizer's state is not 0 any more
  expect_scaler("after a good step", *trainer, 1024, 1, in);
  model.on = true;
  optimizer.events.clear();
  std::vector<torch::Tensor> kept = all;
  for (const torch::Tensor& t : optimizer.state()) kept.push_back(t);
  std::vector<Snapshot> before;
  for (const torch::Tensor& t : kept) before.emplace_back(t);
  const oracle::LinearStep expected(r.batch.inputs, r.batch.targets, r.weight, r.bias, kInf);
  const bool plain = kind == PoisonedModel::Kind::kNan;  // then the loss is that of the Regression
  const kata::StepReport report = trainer->step(r.batch);
  expect_report(report, {plain ? expected.loss : report.loss, kInf, 1024, false}, kFloat32, in,
                what);
  expect_that(std::isfinite(report.loss),
              "the reported loss is " + support::number(report.loss) + what, in);
  expect_that(optimizer.events == std::vector<std::string>{"zero_grad"},
              "expected the optimizer's calls zero_grad, got " +
                  step_cases::joined(optimizer.events) + what,
              in);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const bool is_state = i >= all.size();
    before[i].expect_value((is_state ? "tensor " + std::to_string(i - all.size()) + " of state()"
                                     : "parameter " + std::to_string(i)) +
                               what,
                           kept[i]);
  }
  expect_scaler(what.substr(1), *trainer, 512, 0, in);
}

TEST(Overflow, SkipsTheStepAndLeavesAllAlone) {
  RandomTensors random;
  using Kind = PoisonedModel::Kind;
  for (const std::size_t place : {0, 1, 2}) {
    expect_skipped(random, Kind::kInfinity, place, "infinity");
    expect_skipped(random, Kind::kMinusInfinity, place, "-infinity");
    expect_skipped(random, Kind::kNan, place, "NaN");
  }
}

TEST(Overflow, NextStepIsAsIfItHadNotBeen) {
  RandomTensors random;
  for (const bool leaves_zeros : {false, true}) {
    const Regression r = random_regression(random);
    PoisonedModel model(r, random_poison(random), PoisonedModel::Kind::kInfinity);
    RecordingOptimizer optimizer({r.weight, r.bias, model.poison}, 0.1, leaves_zeros);
    kata::TrainerOptions o{.max_norm = 0.5, .initial_scale = 4096};
    const auto trainer = kata::make_trainer(model, optimizer, o);
    trainer->step(r.batch);
    model.on = false;
    o.initial_scale = 2048;
    step_cases::expect_right_step(r, *trainer, o, 0.1, kFloat32, ", the step after a skipped one");
    expect_scaler("after a skipped step and a good one", *trainer, 2048, 1);
  }
}

TEST(Overflow, NanInTheBatchIsReported) {
  RandomTensors random;
  const Regression r = random_regression(random);
  r.batch.inputs[1][0] = std::numeric_limits<double>::quiet_NaN();
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 0.1);
  const Snapshot weight(r.weight);
  const auto trainer = kata::make_trainer(model, sgd, {.initial_scale = 64});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_report(trainer->step(r.batch), {nan, nan, 64, false}, kFloat32, r.shown(),
                " of a batch with NaN");
  weight.expect_value("weight after a step on NaN", r.weight);
  expect_scaler("after a step on NaN", *trainer, 32, 0);
}

TEST(Growth, AfterIntervalGoodStepsInARow) {
  RandomTensors random;
  run_course(random, {.initial_scale = 64, .growth_interval = 3}, "..x...x.......");
  run_course(random, {.initial_scale = 64, .growth_interval = 1}, "..x..");
  run_course(random, {.initial_scale = 1000, .growth_interval = 2}, "..xxx..");
}

TEST(Growth, StopsAtMaxScale) {
  RandomTensors random;
  run_course(random, {.initial_scale = 64, .max_scale = 200, .growth_interval = 2},
             "..........x..");
}

TEST(Growth, ThousandsOfStepsByDefault) {
  const kata::TrainerOptions defaults;
  RandomTensors random;
  Course course(random, defaults);
  course.set({8, defaults.growth_interval - 1});
  course.run("..");
}

TEST(Overflow, StopsAtMinScale) {
  RandomTensors random;
  run_course(random, {.initial_scale = 7, .min_scale = 1.5, .growth_interval = 2}, "xxxxx...x");
  run_course(random, {.initial_scale = 2}, "xx.");
}

TEST(Scaler, RandomCourse) {
  RandomTensors random;
  for (int round = 0; round < 2; ++round) {
    const kata::TrainerOptions options{
        .initial_scale = static_cast<double>(random.integer(1 << 4, 1 << 7)),
        .min_scale = static_cast<double>(random.integer(1, 15)),
        .max_scale = static_cast<double>(random.integer(1 << 7, 1 << 9)),
        .growth_interval = random.integer(1, 4)};
    std::string letters;
    for (int step = 0; step < 25; ++step) letters += random.integer(0, 4) == 0 ? 'x' : '.';
    run_course(random, options, letters);
  }
}

TEST(Scaler, IsSetAndGoneOnFrom) {
  RandomTensors random;
  Course course(random, {.initial_scale = 64, .growth_interval = 4}), other(random, {});
  course.run("..");
  course.set({1536.5, 3});
  expect_scaler("after set_scaler({1536.5, 3})", *course.trainer, 1536.5, 3);
  expect_scaler("of another trainer", *other.trainer, 65536, 0);
  course.run(".x....");
  course.set({96, 9});  // of a run with a longer growth_interval
  course.run("......");
}

TEST(Scaler, TwoTrainersShareNothing) {
  RandomTensors random;
  Course first(random, {.initial_scale = 64, .growth_interval = 3});
  Course second(random, {.initial_scale = 16, .growth_interval = 2});
  for (const char* letters : {"..", "x", "...", "."}) {
    first.run(letters);
    second.run(letters);
  }
}

}  // namespace scale_checks
