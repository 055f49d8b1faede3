#pragma once

// The checks of clipping. A part of checks_level1.cpp.

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "level1.h"
#include "oracle.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace clipping_checks {

using step_cases::expect_right_step;
using step_cases::options;
using step_cases::parameter;
using step_cases::random_regression;
using step_cases::Regression;
using support::kFloat32;
using support::kFloat64;
using support::RandomTensors;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Clipping, OneNormOverAllParameters) {
  RandomTensors random;
  for (const double max_norm : {0.01, 0.3}) {
    Regression r = random_regression(random);
    r.batch.targets = r.batch.targets * 5 + 3;  // norms well above
    kata::Linear model = r.model();
    kata::Sgd sgd(r.parameters(), 0.5);
    const kata::TrainerOptions o = options(256, max_norm);
    expect_right_step(r, *kata::make_trainer(model, sgd, o), o, 0.5, kFloat32);
  }
}

TEST(Clipping, BeginsBelowMaxNorm) {
  // By 1e-6: the factor is less than 1 for norms from max_norm − 1e-6 on.
  RandomTensors random;
  const Regression r = random_regression(random, torch::kFloat64);
  const double norm =
      oracle::LinearStep(r.batch.inputs, r.batch.targets, r.weight, r.bias, kInfinity).norm;
  kata::Linear model = r.model();
  kata::Sgd sgd(r.parameters(), 0.5);
  const kata::TrainerOptions o = options(2048, norm + 5e-7);
  expect_right_step(r, *kata::make_trainer(model, sgd, o), o, 0.5, kFloat64);
}

TEST(Clipping, NeverEnlargesAndChangesNoBit) {
  RandomTensors random;
  const Regression r = random_regression(random);
  const Regression twin{
      parameter(r.weight), parameter(r.bias), {r.batch.inputs.clone(), r.batch.targets.clone()}};
  const double norm =
      oracle::LinearStep(r.batch.inputs, r.batch.targets, r.weight, r.bias, kInfinity).norm;
  kata::Linear model = r.model(), other = twin.model();
  kata::Sgd sgd(r.parameters(), 0.1), other_sgd(twin.parameters(), 0.1);
  kata::make_trainer(other, other_sgd, options(1024))->step(twin.batch);
  kata::make_trainer(model, sgd, options(1024, norm * 1.01 + 1e-3))->step(r.batch);
  const std::string what = " of norm " + support::number(norm) + " with a max_norm just above";
  if (!twin.weight.grad().defined()) return support::fail("no gradient after the step");
  step_cases::expect_same_bytes("the gradient" + what, r.weight.grad(), twin.weight.grad());
  step_cases::expect_same_bytes("the parameter after a gradient" + what, r.weight, twin.weight);
}

}  // namespace clipping_checks
