#pragma once

// The checks of a trainer's state, a part of checks_level4.cpp.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "level4.h"
#include "mlp_cases.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"
#include "trainer_cases.h"

namespace state_checks {

using mlp_cases::random_mlp;
using step_cases::expect_number;
using step_cases::expect_that;
using support::RandomTensors;
using trainer_cases::doubles;
using trainer_cases::MlpModel;
using trainer_cases::random_batch;
using trainer_cases::split;
using trainer_cases::strong_options;
using trainer_cases::Training;

inline std::vector<torch::Tensor> copies(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> all;
  for (const torch::Tensor& t : tensors) all.push_back(t.detach().clone());
  return all;
}

/// Both do the same steps and must stay the same in each bit.
inline void expect_same_course(const std::string& what, Training& a, Training& b,
                               RandomTensors& random) {
  constexpr const char* kNames[] = {"w1", "b1", "w2", "b2"};
  for (int step = 0; step < 3; ++step) {
    const kata::Batch batch = random_batch(random, a.model.mlp, 5);
    const auto first = a.trainer->step(split(batch, {2, 3}));
    const auto second = b.trainer->step(split(batch, {2, 3}));
    const std::string when = what + ", step " + std::to_string(step) + " after it";
    const auto expected = a.model.parameters(), got = b.model.parameters();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      support::expect_same_bits(std::string(kNames[i]) + " of " + when, got[i].detach(),
                                expected[i].detach(), {});
    }
    expect_number("lr of " + when, second.lr, first.lr, 0, 0);
    expect_number("loss of " + when, second.loss, first.loss, 0, 0);
    expect_that(b.trainer->steps() == a.trainer->steps(),
                "steps() of " + when + " is " + std::to_string(b.trainer->steps()) + ", expected " +
                    std::to_string(a.trainer->steps()));
  }
}

inline void walk(Training& run, RandomTensors& random, int steps) {
  for (int i = 0; i < steps; ++i) {
    run.trainer->step(split(random_batch(random, run.model.mlp, 4), {1, 3}));
  }
}

TEST(State, ResumesBitForBitElsewhere) {
  RandomTensors random;
  for (const int steps : {0, 4}) {
    Training first(doubles(random), strong_options()), other(doubles(random), strong_options());
    walk(first, random, steps);
    walk(other, random, 2);  // has its own past
    other.trainer->load_state(copies(first.trainer->state()));
    expect_same_course("a trainer resumed from step " + std::to_string(steps), first, other,
                       random);
  }
}

TEST(State, CarriesCountersOfEachParameter) {
  RandomTensors random;
  const kata::TrainerOptions options = strong_options();
  Training first(doubles(random), options), other(doubles(random), options);
  first.model.mlp.w1.set_requires_grad(false);  // w1 misses some steps
  walk(first, random, 3);
  first.model.mlp.w1.set_requires_grad(true);
  walk(first, random, 1);
  other.trainer->load_state(copies(first.trainer->state()));
  expect_same_course("a trainer resumed where one parameter had fewer steps", first, other, random);
}

TEST(State, InFloat32) {
  RandomTensors random;
  Training first(random_mlp(random, 3, 4, 5), strong_options());
  Training other(random_mlp(random, 3, 4, 5), strong_options());
  walk(first, random, 3);
  other.trainer->load_state(copies(first.trainer->state()));
  expect_same_course("a float32 trainer resumed from step 3", first, other, random);
}

TEST(State, IsACopyInBothDirections) {
  RandomTensors random;
  Training first(doubles(random), strong_options()), twin(doubles(random), strong_options());
  Training other(doubles(random), strong_options());
  walk(first, random, 3);
  const auto state = first.trainer->state();
  const auto before = copies(state);
  twin.trainer->load_state(copies(state));
  walk(first, random, 2);
  other.trainer->load_state(state);
  walk(other, random, 2);
  for (std::size_t i = 0; i < state.size(); ++i) {
    step_cases::expect_same_bytes("tensor " + std::to_string(i) + " of a state after later steps",
                                  state[i], before[i]);
  }
  other.trainer->load_state(state);  // the second time
  expect_same_course("a trainer resumed twice from one state", twin, other, random);
}

TEST(State, RewindsItsOwnTrainerInPlace) {
  RandomTensors random;
  Training first(doubles(random), strong_options()), twin(doubles(random), strong_options());
  walk(first, random, 3);
  const auto state = first.trainer->state();
  twin.trainer->load_state(copies(state));
  const void* memory = first.model.mlp.w1.data_ptr();
  walk(first, random, 2);
  first.trainer->load_state(state);
  expect_that(
      first.model.mlp.w1.data_ptr() == memory && first.model.mlp.w1.requires_grad() &&
          first.model.mlp.w1.is_leaf(),
      "w1 after load_state(): expected the same memory, requires_grad true and is_leaf true, got " +
          std::string(first.model.mlp.w1.data_ptr() == memory ? "the same" : "other") +
          " memory, requires_grad " + (first.model.mlp.w1.requires_grad() ? "true" : "false") +
          " and is_leaf " + (first.model.mlp.w1.is_leaf() ? "true" : "false"));
  expect_same_course("a trainer rewound by its own state", twin, first, random);
}

TEST(State, OfAnotherTrainerIsRefusedAndChangesNothing) {
  RandomTensors random;
  const kata::TrainerOptions options = strong_options();
  Training run(doubles(random), options), twin(doubles(random), options);
  walk(run, random, 2);
  twin.trainer->load_state(copies(run.trainer->state()));
  const auto refuse = [&](const std::string& what, const std::vector<torch::Tensor>& state) {
    support::expect_throws<std::invalid_argument>("load_state of " + what, "std::invalid_argument",
                                                  {}, [&] { run.trainer->load_state(state); });
  };
  Training wider(random_mlp(random, 3, 4, 6, torch::kFloat64), options);  // w2 and b2 do not fit
  walk(wider, random, 3);
  refuse("a trainer with other shapes", wider.trainer->state());
  std::vector<torch::Tensor> three = run.model.parameters();
  three.pop_back();
  refuse("a trainer with one parameter less",
         kata::make_trainer(run.model, three, options)->state());
  refuse("nothing", {});
  // w1 (3, 4) for (4, 3): as many numbers.
  MlpModel turned(random_mlp(random, 4, 3, 5, torch::kFloat64));
  const auto one = kata::make_trainer(run.model, {run.model.mlp.w1}, options);
  const auto state = kata::make_trainer(turned, {turned.mlp.w1}, options)->state();
  support::expect_throws<std::invalid_argument>(
      "load_state of a trainer whose only parameter has shape (3, 4), into one with (4, 3)",
      "std::invalid_argument", {}, [&] { one->load_state(state); });
  expect_same_course("a trainer that refused other states", twin, run, random);
}

}  // namespace state_checks
