#include "level3.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "adamw_race.h"
#include "checks_level3_clipping.h"
#include "optimizer_oracle.h"
#include "oracle.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

using adamw_race::give;
using adamw_race::kStep32;
using adamw_race::Race;
using adamw_race::random_parameter;
using adamw_race::strong_options;
using adamw_race::value;
using kata::AdamWOptions;
using step_cases::expect_that;
using step_cases::parameter;
using step_cases::Snapshot;
using support::expect_close;
using support::kFloat64;
using support::matrix;
using support::RandomTensors;

namespace {

constexpr support::Tolerance kLong32{"float32, a thousand steps", torch::kFloat32, 1e-4, 0};

/// One number p = `start` after one step with this gradient.
torch::Tensor one_step(double start, double gradient, const AdamWOptions& options,
                       torch::ScalarType dtype = torch::kFloat64) {
  const torch::Tensor p = parameter(torch::full({}, start, dtype));
  give(p, torch::full({}, gradient, dtype));
  kata::make_adamw({{{p}, options}})->step();
  return p.detach();
}

}  // namespace

TEST(AdamW, EXAMPLE_TinyGradient) {
  const AdamWOptions options{.lr = 0.1, .weight_decay = 0};
  expect_close("p = 1 after a gradient of 1e-8", one_step(1, 1e-8, options), value(0.95), kFloat64,
               {});
}

TEST(WeightDecay, IsDecoupledAndScaledByTheRate) {
  expect_close("p = 1 after a gradient of 0, lr 0.1, weight_decay 0.1",
               one_step(1, 0, {.lr = 0.1, .weight_decay = 0.1}), value(0.99), kFloat64, {});
  // Decay first: 1 · (1 − 0.1 · 5) − 0.1; the other order gives (1 − 0.1) · 0.5.
  expect_close("p = 1 after a gradient of 1, lr 0.1, eps 0, weight_decay 5",
               one_step(1, 1, {.lr = 0.1, .eps = 0, .weight_decay = 5}), value(0.4), kFloat64, {});
}

TEST(AdamW, FewStepsOfRandomGradients) {
  RandomTensors random;
  const AdamWOptions usual{.lr = 0.01};
  for (const AdamWOptions& options : {strong_options(), usual}) {
    Race race({{{random_parameter(random, {3, 2}), random_parameter(random, {4})}, options}});
    for (int step = 1; step <= 5; ++step) {
      race.step({random.normal({3, 2}, torch::kFloat64), random.normal({4}, torch::kFloat64)});
      race.expect_equal("after step " + std::to_string(step));
    }
  }
}

TEST(AdamW, CorrectsBiasInDouble) {
  // A constant gradient moves p by lr at each step; a correction in float32 is 2e-5 off.
  const torch::Tensor p = parameter(value(0, torch::kFloat32));
  Race race({{{p}, {.lr = 1, .eps = 0, .weight_decay = 0}}});
  for (int step = 1; step <= 3; ++step) {
    race.step({value(0.5, torch::kFloat32)});
    race.expect_equal("(float32, lr 1) after step " + std::to_string(step), kStep32);
  }
}

TEST(AdamW, OneStepInFloat32) {
  RandomTensors random;
  Race race({{{random_parameter(random, {5}, torch::kFloat32)}, strong_options()}});
  race.step({random.normal({5})});
  race.expect_equal("after one step in float32", kStep32);
}

TEST(AdamW, SLOW_ThousandSteps) {
  RandomTensors random;
  const AdamWOptions options{.lr = 1e-3, .weight_decay = 0.1};
  Race race({{{random_parameter(random, {4})}, options}});
  Race race32({{{random_parameter(random, {4}, torch::kFloat32)}, options}});
  for (int step = 0; step < 1000; ++step) {
    const torch::Tensor gradient = random.normal({4});
    race.step({gradient.to(torch::kFloat64)});
    race32.step({gradient});
  }
  race.expect_equal("after 1,000 steps");
  race32.expect_equal("after 1,000 steps in float32", kLong32);
}

TEST(Counters, BelongToEachParameter) {
  RandomTensors random;
  Race race({{{random_parameter(random, {2}), random_parameter(random, {2})}, strong_options()}});
  for (const bool second : {false, false, true, false, true}) {
    race.step({random.normal({2}, torch::kFloat64),
               second ? random.normal({2}, torch::kFloat64) : torch::Tensor()});
    race.expect_equal("where parameter 1 has a gradient in steps 3 and 5 only");
  }
}

TEST(UndefinedGradients, LeaveTheParameterAlone) {
  RandomTensors random;
  const torch::Tensor p = random_parameter(random, {3});
  Race race({{{p, random_parameter(random, {2})}, strong_options()}});
  const Snapshot fresh(p);
  race.step({{}, random.normal({2}, torch::kFloat64)});
  fresh.expect_value("a parameter that never had a gradient", p);
  race.step({random.normal({3}, torch::kFloat64), random.normal({2}, torch::kFloat64)});
  const Snapshot moved(p);
  race.step({{}, random.normal({2}, torch::kFloat64)});
  moved.expect_value("a parameter with m and v but without a gradient", p);
  expect_that(!p.grad().defined(),
              "the undefined gradient of a parameter with m and v is defined after step(), "
              "expected it to stay undefined");
  race.step({random.normal({3}, torch::kFloat64), {}});
  race.expect_equal("after gradients, none, and one again");
}

TEST(ZeroGradients, AreGradients) {
  RandomTensors random;
  Race race({{{random_parameter(random, {3})}, strong_options()}});
  race.step({random.normal({3}, torch::kFloat64)});
  for (int step = 2; step <= 3; ++step) {
    race.step({torch::zeros({3}, torch::kFloat64)});
    race.expect_equal("after a gradient and then zeros, step " + std::to_string(step));
  }
  race.step({random.normal({3}, torch::kFloat64)});
  race.expect_equal("after a gradient, zeros, and a gradient");
}

TEST(Groups, HaveTheirOwnOptions) {
  RandomTensors random;
  const AdamWOptions other{.lr = 0.02, .beta1 = 0.5, .beta2 = 0.8, .eps = 0.1, .weight_decay = 0};
  Race race({{{random_parameter(random, {2}), random_parameter(random, {1})}, strong_options()},
             {{}, {}},
             {{random_parameter(random, {3})}, other}});
  for (int step = 1; step <= 3; ++step) {
    race.step({random.normal({2}, torch::kFloat64), random.normal({1}, torch::kFloat64),
               random.normal({3}, torch::kFloat64)});
    race.expect_equal("(the last one in another group) after step " + std::to_string(step));
  }
}

TEST(Groups, RefuseAParameterTwice) {
  const torch::Tensor p = parameter(value(1)), q = parameter(value(1)), r = parameter(value(1));
  const auto refuse = [](const char* what, const std::vector<kata::ParameterGroup>& groups) {
    support::expect_throws<std::invalid_argument>(what, "std::invalid_argument", {},
                                                  [&] { kata::make_adamw(groups); });
  };
  refuse("a parameter in two groups", {{{p, q}, {}}, {{r, p}, {}}});
  refuse("a parameter in the first and third group", {{{p}, {}}, {{q}, {}}, {{r, p}, {}}});
  refuse("a parameter twice in one group", {{{p, q, p}, {}}});
  const auto accept = [](const std::string& what, const std::vector<kata::ParameterGroup>& groups) {
    try {
      kata::make_adamw(groups);
    } catch (const std::invalid_argument&) {
      support::fail(
          "make_adamw with " + what +
          ": expected no exception, as no tensor is there twice; got std::invalid_argument");
    }
  };
  accept("three parameters of equal values", {{{p, q}, {}}, {{r}, {}}});
  const torch::Tensor none = parameter(torch::zeros({0})), other = parameter(torch::zeros({0}));
  accept("two parameters of shape (0)", {{{none, other}, {}}});
}

TEST(Groups, ListAllParametersInOrder) {
  const torch::Tensor p = parameter(value(1)), q = parameter(value(2), /*frozen=*/true),
                      r = parameter(value(3));
  const auto adamw = kata::make_adamw({{{p, q}, {}}, {{r}, {}}});
  const std::vector<torch::Tensor> all = adamw->parameters();
  expect_that(all.size() == 3 && all[0].is_same(p) && all[1].is_same(q) && all[2].is_same(r),
              "parameters() of the groups {p, q} and {r} (q is frozen): expected the same 3 "
              "tensors p, q, r in this order, got " +
                  std::to_string(all.size()) +
                  (all.size() == 3 ? ", others or in another order" : ""));
}

TEST(SetLr, HoldsForAllGroupsFromTheNextStep) {
  RandomTensors random;
  Race race({{{random_parameter(random, {2})}, strong_options()},
             {{random_parameter(random, {2})}, {.lr = 0.01, .weight_decay = 1}}});
  for (const double lr : {0.1, 0.3, 0.0, 0.02}) {
    race.set_lr(lr);
    race.step({random.normal({2}, torch::kFloat64), random.normal({2}, torch::kFloat64)});
    race.expect_equal("after a step with set_lr(" + support::number(lr) + ")");
  }
}

TEST(ZeroGrad, MakesAllGradientsUndefined) {
  const torch::Tensor p = parameter(value(1)), q = parameter(value(2)), r = parameter(value(3));
  give(p, value(5)), give(r, value(5));
  const auto adamw = kata::make_adamw({{{p, q}, {}}, {{r}, {}}});
  adamw->zero_grad();
  for (const support::Input& each : support::Inputs{{"p", p}, {"q", q}, {"r", r}}) {
    const torch::Tensor gradient = each.value.grad();
    if (!gradient.defined()) continue;
    support::fail("the gradient of " + each.name +
                      " after zero_grad() on the groups {p, q} and {r}: expected an undefined "
                      "tensor, got the one below",
                  {{"gradient", gradient}});
  }
}

TEST(Parameters, AreChangedInPlace) {
  RandomTensors random;
  const torch::Tensor p = random_parameter(random, {3});
  const void* memory = p.data_ptr();
  const torch::Tensor gradient = random.normal({3}, torch::kFloat64);
  Race race({{{p}, strong_options()}});
  race.step({gradient});
  expect_that(p.data_ptr() == memory,
              "the parameter's data_ptr() is another one after step(), expected the same: it is to "
              "be changed in place");
  expect_that(p.requires_grad() && p.is_leaf(),
              "the parameter has requires_grad " +
                  std::string(p.requires_grad() ? "true" : "false") + " and is_leaf " +
                  (p.is_leaf() ? "true" : "false") + " after step(), expected true and true");
  race.expect_equal("after a step");
}

TEST(Parameters, OfAnyStridesAndShapes) {
  RandomTensors random;
  const torch::Tensor turned =
      random.normal({4, 3}, torch::kFloat64).t().requires_grad_();  // (3, 4), columns first
  Race race({{{turned, random_parameter(random, {2, 3}), random_parameter(random, {}),
               random_parameter(random, {0})},
              strong_options()}});
  for (int step = 0; step < 2; ++step) {
    race.step({random.normal({3, 4}, torch::kFloat64),
               random.normal({2, 1}, torch::kFloat64).expand({2, 3}),
               random.normal({}, torch::kFloat64), random.normal({0}, torch::kFloat64)});
  }
  race.expect_equal("of shapes (3, 4) transposed, (2, 3) with an expanded gradient, () and (0)");
}

TEST(Gradients, AreNeitherChangedNorKept) {
  RandomTensors random;
  const torch::Tensor p = random_parameter(random, {3});
  Race race({{{p}, strong_options()}});
  const torch::Tensor buffer = torch::empty({3}, torch::kFloat64);
  for (int step = 0; step < 3; ++step) {
    const torch::Tensor gradient = random.normal({3}, torch::kFloat64);
    buffer.copy_(gradient);
    race.step({buffer});
    support::expect_same_bits("the gradient after step()", buffer, gradient, {});
    buffer.fill_(100);  // the caller's to overwrite
  }
  race.expect_equal("whose gradients all come in one buffer");
}

TEST(Parameters, OfTwoOptimizersAreIndependent) {
  RandomTensors random;
  Race a({{{random_parameter(random, {2})}, strong_options()}});
  Race b({{{random_parameter(random, {2})}, {.lr = 0.5}}});
  for (int step = 0; step < 2; ++step) {
    a.step({random.normal({2}, torch::kFloat64)});
    b.step({random.normal({2}, torch::kFloat64)});
  }
  a.expect_equal("of the first of two optimizers");
  b.expect_equal("of the second of two optimizers");
}
