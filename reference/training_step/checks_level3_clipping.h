#pragma once

// The checks of clipping, a part of checks_level3.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "adamw_race.h"
#include "level3.h"
#include "oracle.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace clipping_checks {

using adamw_race::give;
using adamw_race::kStep32;
using adamw_race::Race;
using adamw_race::random_parameter;
using adamw_race::strong_options;
using adamw_race::value;
using step_cases::expect_number;
using step_cases::expect_that;
using step_cases::parameter;
using step_cases::RecordingOptimizer;
using step_cases::snapshots;
using support::expect_close;
using support::kFloat64;
using support::matrix;
using support::RandomTensors;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(ClipGradients, EXAMPLE_ThreeAndUndefined) {
  const torch::Tensor p = parameter(value(1, torch::kFloat32)), q = parameter(value(2));
  give(p, value(3, torch::kFloat32));
  expect_number("clip_gradients({p, q}, 1)", kata::clip_gradients({p, q}, 1), 3, 0, 1e-6);
  constexpr support::Tolerance kClose{"float32", torch::kFloat32, 1.3e-7, 0};
  expect_close("p's gradient after clip_gradients({p, q}, 1)", p.grad(), value(0.9999996667),
               kClose, {{"gradient before", value(3, torch::kFloat32)}});
  expect_that(!q.grad().defined(),
              "q's undefined gradient is defined after clip_gradients({p, q}, 1), expected it to "
              "stay undefined");
}

TEST(ClipGradients, OneNormOverAll) {
  RandomTensors random;
  for (const auto dtype : {torch::kFloat32, torch::kFloat64}) {
    const torch::Tensor p = random_parameter(random, {3, 2}, dtype);
    const torch::Tensor unset = random_parameter(random, {2}, dtype);
    const torch::Tensor q = random_parameter(random, {5}, dtype);
    const torch::Tensor gp = random.normal({2, 3}, dtype).t() * 3, gq = random.normal({5}, dtype);
    const std::vector<torch::Tensor> clipped{oracle::float64(gp), oracle::float64(gq)};
    const double norm = oracle::clip(clipped, 0.7);
    give(p, gp.clone()), give(q, gq.clone());
    expect_number("the returned norm", kata::clip_gradients({p, unset, q}, 0.7), norm, 0, 1e-6);
    const support::Tolerance& tolerance = dtype == torch::kFloat64 ? kFloat64 : kStep32;
    const support::Inputs in{{"first gradient", gp}, {"last gradient", gq}};
    expect_close("the first gradient, both clipped to max_norm 0.7,", p.grad(), clipped[0],
                 tolerance, in);
    expect_close("the last gradient, both clipped to max_norm 0.7,", q.grad(), clipped[1],
                 tolerance, in);
    expect_that(!unset.grad().defined(),
                "the second of three parameters has an undefined gradient; it is defined after "
                "clip_gradients, expected it to stay undefined");
  }
}

TEST(ClipGradients, NeverEnlargesAndChangesNoBit) {
  RandomTensors random;
  const torch::Tensor p = random_parameter(random, {4}, torch::kFloat32);
  const torch::Tensor gradient = random.normal({4});
  const double norm = oracle::norm({oracle::float64(gradient)});
  for (const double max_norm : {norm * 1.001 + 1e-5, norm * 10, kInfinity}) {
    give(p, gradient.clone());
    expect_number("the returned norm", kata::clip_gradients({p}, max_norm), norm, 0, 1e-6);
    support::expect_same_bits("a gradient of norm " + support::number(norm) + " with max_norm " +
                                  support::number(max_norm),
                              p.grad(), gradient, {{"gradient", gradient}});
  }
}

TEST(ClipGradients, BeginsBelowMaxNorm) {
  for (const double max_norm : {1.0, 1.0 + 5e-7}) {  // the factor is less than 1 up to 1 + 1e-6
    const torch::Tensor p = parameter(value(0));
    give(p, value(1));
    expect_number("the returned norm", kata::clip_gradients({p}, max_norm), 1, 0, 1e-6);
    expect_close("a gradient of 1 with max_norm " + support::number(max_norm), p.grad(),
                 value(max_norm / (1 + 1e-6)), kFloat64, {});
  }
}

TEST(ClipGradients, NothingAndZeros) {
  const torch::Tensor p = parameter(value(1)), q = parameter(value(2));
  expect_number("the norm of no parameters", kata::clip_gradients({}, 1), 0, 0, 0);
  expect_number("the norm of undefined gradients", kata::clip_gradients({p, q}, 1), 0, 0, 0);
  give(p, value(0));
  expect_number("the norm of zeros", kata::clip_gradients({p, q}, 1e-9), 0, 0, 0);
  expect_close("a gradient of 0", p.grad(), value(0), support::kExact64, {});
}

TEST(ClipGradients, SumInFloat64) {
  for (const double size : {1e20, 1e-30}) {
    const torch::Tensor p = parameter(torch::zeros({2})), q = parameter(torch::zeros({1}));
    give(p, matrix({{2 * size, -2 * size}})[0].clone()), give(q, torch::full({1}, size));
    expect_number("the norm of the gradients 2, -2 and 1 times " + support::number(size),
                  kata::clip_gradients({p, q}, 3e-7), 3 * size, 0, 1e-6);
    const double factor = std::min(1.0, 3e-7 / (3 * size + 1e-6));
    expect_number("the last gradient", q.grad().item<double>(), size * factor, 0, 1e-5);
  }
}

TEST(NonFiniteNorm, ClipReturnsItAndLeavesTheGradients) {
  for (const double bad : {kNan, kInfinity, -kInfinity}) {
    const torch::Tensor p = parameter(torch::zeros({2})), q = parameter(torch::zeros({2}));
    give(p, matrix({{3, 4}})[0].clone()), give(q, matrix({{1, bad}})[0].clone());
    const auto before = snapshots({p, q});
    expect_number("the norm of gradients with " + support::number(bad),
                  kata::clip_gradients({p, q}, 1), std::abs(bad), 0, 0);
    before[0].expect_gradient("a finite gradient beside " + support::number(bad), p);
    before[1].expect_gradient("the gradient with " + support::number(bad), q);
  }
}

TEST(NonFiniteNorm, SkipsTheStepAndCountsNothing) {
  RandomTensors random;
  Race race({{{random_parameter(random, {2})}, strong_options()},
             {{random_parameter(random, {2})}, strong_options()}});
  for (const double bad : {0.0, kNan, 0.0, kInfinity, 0.0}) {
    const torch::Tensor a = random.normal({2}, torch::kFloat64);
    torch::Tensor b = random.normal({2}, torch::kFloat64);
    if (bad == 0) race.oracle_step({a, b});
    if (bad != 0) b[1] = bad;
    race.give_all({a, b});
    const double norm = oracle::norm({a, b});
    expect_number("what clip_and_step returns", kata::clip_and_step(*race.adamw, kInfinity), norm,
                  0, 1e-6);
    race.expect_equal("in the course of steps of which the 2nd has NaN and the 4th infinity");
  }
}

TEST(ClipAndStep, ClipsAllGroupsTogetherOnce) {
  RandomTensors random;
  Race race({{{random_parameter(random, {2})}, strong_options()},
             {{random_parameter(random, {3})}, strong_options()}});
  for (int step = 0; step < 2; ++step) {
    const std::vector<torch::Tensor> gradients{random.normal({2}, torch::kFloat64) * 4,
                                               random.normal({3}, torch::kFloat64)};
    const std::vector<torch::Tensor> clipped{gradients[0].clone(), gradients[1].clone()};
    const double norm = oracle::clip(clipped, 0.1);
    race.oracle_step(clipped);
    race.give_all(gradients);
    expect_number("what clip_and_step returns", kata::clip_and_step(*race.adamw, 0.1), norm, 0,
                  1e-6);
    race.expect_equal("after clip_and_step");
  }
}

TEST(ClipAndStep, WorksWithAnyOptimizer) {
  const torch::Tensor p = parameter(value(1)), q = parameter(value(2));
  RecordingOptimizer optimizer({p, q}, 0.5);
  give(p, value(4));
  expect_number("what clip_and_step returns", kata::clip_and_step(optimizer, 1), 4, 0, 1e-6);
  expect_that(optimizer.events == std::vector<std::string>{"step"},
              "calls of the optimizer by clip_and_step(optimizer, 1) with a gradient of norm 4: "
              "expected step, got " +
                  step_cases::joined(optimizer.events));
  const double clipped = 4 / (4 + 1e-6);
  expect_close("p after the step", p.detach(), value(1 - 0.5 * clipped), kFloat64, {});
  expect_close("p's gradient", p.grad(), value(clipped), kFloat64, {});
  give(p, value(kInfinity));
  kata::clip_and_step(optimizer, 1);
  expect_that(optimizer.events.size() == 1,
              "calls of the optimizer after a second clip_and_step, with an infinite gradient: "
              "expected no more than step, got " +
                  step_cases::joined(optimizer.events));
}

}  // namespace clipping_checks
