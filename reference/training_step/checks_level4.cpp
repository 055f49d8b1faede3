#include "level4.h"

#include <gtest/gtest.h>

#include <limits>

#include "character_model.h"
#include "checks_level4_state.h"
#include "mlp_cases.h"
#include "optimizer_oracle.h"
#include "oracle.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"
#include "trainer_cases.h"

using kata::Schedule;
using mlp_cases::ids;
using mlp_cases::random_mlp;
using step_cases::expect_number;
using step_cases::expect_that;
using step_cases::parameter;
using step_cases::snapshots;
using support::expect_close;
using support::kFloat64;
using support::matrix;
using support::RandomTensors;
using trainer_cases::Batches;
using trainer_cases::doubles;
using trainer_cases::kIgnored;
using trainer_cases::MlpModel;
using trainer_cases::random_batch;
using trainer_cases::split;
using trainer_cases::strong_options;
using trainer_cases::Training;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using Sizes = std::vector<std::int64_t>;

std::string text_of(const Schedule& s) {
  return "W = " + std::to_string(s.warmup_steps) + ", T = " + std::to_string(s.total_steps) +
         ", max_lr " + support::number(s.max_lr) + ", min_lr " + support::number(s.min_lr);
}

void expect_rate(const Schedule& schedule, std::int64_t step, double expected, double allowed) {
  expect_number("learning_rate at step " + std::to_string(step) + " (" + text_of(schedule) + ")",
                kata::learning_rate(schedule, step), expected, allowed, 0);
}

void expect_rates(const Schedule& schedule, std::int64_t last) {
  for (std::int64_t step = 0; step <= last; ++step) {
    expect_rate(schedule, step, oracle::learning_rate(schedule, step), 1e-12 * schedule.max_lr);
  }
}

/// logits = table[inputs]
class TableModel : public kata::Model {
 public:
  explicit TableModel(torch::Tensor given) : table(std::move(given)) {}
  torch::Tensor forward(const torch::Tensor& inputs) override {
    return table.index_select(0, inputs);
  }
  torch::Tensor table;
};

}  // namespace

TEST(Schedule, EXAMPLE_FourOfTwelve) {
  const Schedule schedule{4, 12, 1, 0.2};
  const std::vector<std::pair<std::int64_t, double>> table{{0, 0},   {1, 0.25}, {4, 1},
                                                           {8, 0.6}, {12, 0.2}, {100, 0.2}};
  for (const auto& [step, rate] : table) expect_rate(schedule, step, rate, 1e-12);
}

TEST(Accumulation, EXAMPLE_TwoMicroBatches) {
  TableModel model(parameter(torch::zeros({2, 2})));
  const auto trainer = kata::make_trainer(
      model, {model.table},
      {.adamw = {.weight_decay = 0}, .schedule = {0, 10, 0.1, 0}, .max_norm = 1});
  const auto report = trainer->step({{ids({0, 0, 1}), ids({1, 1, 0})}, {ids({1}), ids({1})}});
  expect_number("loss", report.loss, 0.6931472, 1e-6, 0);
  expect_number("norm", report.norm, 0.3535534, 1e-6, 0);
  expect_number("lr", report.lr, 0.1, 1e-12, 0);
  expect_number("valid_tokens", static_cast<double>(report.valid_tokens), 4, 0, 0);
  expect_that(report.stepped, "stepped in the report is false, expected true");
  constexpr support::Tolerance kClose{"float32", torch::kFloat32, 1e-6, 0};
  expect_close("w", model.table, matrix({{-0.1, 0.1}, {0, 0}}), kClose, {});
}

TEST(Schedule, RandomNumbersOfSteps) {
  RandomTensors random;
  const std::int64_t warmup = random.integer(2, 9), total = warmup + random.integer(2, 20);
  expect_rates({warmup, total, 3e-4, 3e-5}, total + 3);
  expect_rates({1, 1000, 0.7, 0}, 5);
}

TEST(Schedule, JointsAreExact) {
  RandomTensors random;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t warmup = random.integer(0, 50), total = warmup + random.integer(1, 50);
    const Schedule schedule{warmup, total, 0.1 + 0.01 * i, 0.003};
    expect_rate(schedule, warmup, schedule.max_lr, 0);
    if (warmup > 0) expect_rate(schedule, 0, 0, 0);
    for (const std::int64_t step : {total, total + 1, 2 * total, total + 1'000'000}) {
      expect_rate(schedule, step, 0.003, 0);
    }
  }
}

TEST(Schedule, WithoutWarmUpOrCosine) {
  expect_rates({0, 5, 1, 0.1}, 8);
  expect_rates({5, 5, 1, 0.1}, 8);
  expect_rates({0, 0, 1, 0.1}, 3);
  expect_rates({5, 6, 1, 0.1}, 8);
}

TEST(Trainer, FollowsTheWholeSchedule) {
  RandomTensors random;
  Training run(doubles(random), strong_options());
  for (int step = 0; step < 9; ++step) {
    run.step(random_batch(random, run.model.mlp, 6), {6});
  }
}

TEST(Accumulation, UnequalValidCounts) {
  RandomTensors random;
  Training run(doubles(random), strong_options());
  for (const Sizes& sizes : {Sizes{1, 7, 3}, Sizes{5, 1, 5}, Sizes{2, 2, 2, 2, 3}}) {
    kata::Batch batch = random_batch(random, run.model.mlp, 11);
    batch.targets.narrow(0, 7, 2).fill_(kIgnored);
    run.step(batch, sizes);
  }
}

TEST(Accumulation, PiecesWithoutAValidToken) {
  RandomTensors random;
  Training run(doubles(random), strong_options());
  for (int step = 0; step < 3; ++step) {
    kata::Batch batch = random_batch(random, run.model.mlp, 7);
    batch.targets.narrow(0, 2, 3).fill_(kIgnored);
    batch.targets[6] = kIgnored;
    run.step(batch, {2, 3, 1, 1});
    batch.targets.narrow(0, 0, 2).fill_(kIgnored);
    batch.targets[5] = 1;
    run.step(batch, {2, 3, 1, 1});
  }
}

TEST(Accumulation, InFloat32) {
  RandomTensors random;
  kata::TrainerOptions options = strong_options();
  options.adamw.eps = 1;
  options.schedule.warmup_steps = 0;
  Training run(random_mlp(random, 3, 4, 5), options);
  for (const Sizes& sizes : {Sizes{1, 7}, Sizes{3, 5}}) {
    kata::Batch batch = random_batch(random, run.model.mlp, 8);
    batch.inputs = mlp_cases::random_inputs(random, run.model.mlp, 8);
    run.step(batch, sizes, 1e-6);
  }
}

TEST(Accumulation, IgnoreIndexIsTheOptions) {
  RandomTensors random;
  kata::TrainerOptions options = strong_options();
  options.ignore_index = 2;  // a class of its own
  Training run(doubles(random), options);
  for (int step = 0; step < 2; ++step) {
    kata::Batch batch = random_batch(random, run.model.mlp, 6);
    batch.targets = ids({1, 2, 2, 0, 2, 4});
    run.step(batch, {3, 3});
  }
}

TEST(Accumulation, ClipsOncePerStep) {
  RandomTensors random;
  kata::TrainerOptions options = strong_options();
  options.schedule = {0, 100, 0.1, 0};
  options.adamw.eps = 0.1;  // so that the size of a gradient matters
  for (const double max_norm : {0.01, kInfinity}) {
    options.max_norm = max_norm;
    Training run(doubles(random), options);
    for (int step = 0; step < 2; ++step) {
      run.step(random_batch(random, run.model.mlp, 8), {2, 1, 5});
    }
  }
}

TEST(Counting, OptimizerStepsNotMicroBatches) {
  RandomTensors random;
  Training run(doubles(random), strong_options());
  expect_that(run.trainer->steps() == 0, "steps() of a new trainer is " +
                                             std::to_string(run.trainer->steps()) + ", expected 0");
  run.step(random_batch(random, run.model.mlp, 6), {2, 2, 2});
  run.step(random_batch(random, run.model.mlp, 6), {6});
  run.step(random_batch(random, run.model.mlp, 6), {1, 1, 1, 1, 2});
}

TEST(Counting, FirstUpdateHasRateZeroButCounts) {
  RandomTensors random;
  Training run(doubles(random), strong_options());
  const auto before = snapshots(run.model.parameters());
  const auto report = run.step(random_batch(random, run.model.mlp, 5), {5});
  expect_number("lr of the first step after a warm-up's start", report.lr, 0, 0, 0);
  const auto parameters = run.model.parameters();
  for (std::size_t i = 0; i < before.size(); ++i) {
    before[i].expect_value("a parameter after a step with rate 0", parameters[i]);
  }
  run.step(random_batch(random, run.model.mlp, 5), {5});  // m, v and t of the first step matter
}

TEST(NoValidToken, SkipsTheStepAndCountsNothing) {
  RandomTensors random;
  Training run(doubles(random), strong_options());
  for (int step = 0; step < 5; ++step) {
    kata::Batch batch = random_batch(random, run.model.mlp, 4);
    if (step % 2 == 1) batch.targets.fill_(kIgnored);
    const auto before = snapshots(run.model.parameters());
    run.step(batch, {1, 3});
    if (step % 2 == 0) continue;
    const auto parameters = run.model.parameters();
    for (std::size_t i = 0; i < before.size(); ++i) {
      before[i].expect_value("a parameter after a step without a valid token", parameters[i]);
    }
  }
}

TEST(NoValidToken, NoMicroBatchAtAll) {
  RandomTensors random;
  Training run(doubles(random), strong_options());
  run.step(random_batch(random, run.model.mlp, 4), {4});
  const auto report = run.trainer->step({});
  expect_that(!report.stepped && report.loss == 0 && report.norm == 0 && report.valid_tokens == 0,
              "a step without micro-batches reports loss " + support::number(report.loss) +
                  ", norm " + support::number(report.norm) + ", " +
                  std::to_string(report.valid_tokens) + " valid tokens" +
                  (report.stepped ? ", stepped" : ", not stepped") +
                  "; expected 0, 0, 0, not stepped");
  expect_number("lr of a step without micro-batches", report.lr, 0.05, 1e-12, 0);
  run.step(random_batch(random, run.model.mlp, 4), {4});
}

TEST(NonFiniteGradient, SkipsTheStepAndCountsNothing) {
  RandomTensors random;
  Training run(doubles(random), strong_options());
  for (int step = 0; step < 5; ++step) {
    const kata::Batch batch = random_batch(random, run.model.mlp, 4);
    if (step % 2 == 1) {
      Batches bad = split(batch, {2, 2});
      bad[static_cast<std::size_t>(step / 2)].inputs.fill_(step == 1 ? kInfinity : kNan);
      bad[static_cast<std::size_t>(step / 2)].targets.fill_(1);
      const auto in = run.shown_before(bad);
      const auto report = run.trainer->step(bad);
      expect_that(!report.stepped && !std::isfinite(report.norm),
                  "a step whose gradient is not finite reports norm " +
                      support::number(report.norm) +
                      (report.stepped ? ", stepped" : ", not stepped") +
                      "; expected a norm that is infinite or NaN, not stepped",
                  in);
      run.expect_parameters(in);
    } else {
      run.step(batch, {2, 2});
    }
  }
}

TEST(TrainedParameters, OldGradientsHaveNoInfluence) {
  RandomTensors random;
  Training run(doubles(random), strong_options());
  for (int step = 0; step < 3; ++step) {
    for (torch::Tensor p : run.model.parameters()) {
      p.mutable_grad() = torch::full_like(p.detach(), 5.0);
    }
    run.step(random_batch(random, run.model.mlp, 4), {3, 1});
  }
}

TEST(TrainedParameters, FrozenAndUnusedOnesStay) {
  RandomTensors random;
  const kata::TrainerOptions options = strong_options();
  Training run(doubles(random), options, /*frozen_b1=*/true);
  const torch::Tensor unused = parameter(random.normal({3}, torch::kFloat64));
  const auto before = snapshots({run.model.mlp.b1, unused});
  std::vector<torch::Tensor> all = run.model.parameters();
  all.push_back(unused);
  run.trainer = kata::make_trainer(run.model, all, options);
  for (int step = 0; step < 3; ++step) {
    run.step(random_batch(random, run.model.mlp, 4), {2, 2});
    before[0].expect_value("the frozen b1 after step " + std::to_string(step), run.model.mlp.b1);
    before[1].expect_value(
        "a parameter that forward does not use, after step " + std::to_string(step) + ",", unused);
  }
}

TEST(TrainedParameters, UsedWithoutAValidTokenOnlyStay) {
  RandomTensors random;
  trainer_cases::TwoTables model(random);
  kata::TrainerOptions options = strong_options();
  options.schedule.warmup_steps = 0;
  const auto trainer = kata::make_trainer(model, {model.first, model.second}, options);
  const step_cases::Snapshot before(model.second);
  const kata::Batch valid{ids({0, 2, 1}), ids({3, 0, 1})};
  const kata::Batch ignored{ids({1, 0}), ids({kIgnored, kIgnored})};
  for (const Batches& batches : {Batches{valid, ignored}, Batches{ignored, valid}}) {
    const auto report = trainer->step(batches);
    expect_that(report.stepped && report.valid_tokens == 3,
                "a step on a micro-batch of 3 valid tokens and one of none: expected stepped with "
                "3 valid tokens, got " +
                    std::string(report.stepped ? "stepped" : "not stepped") + " with " +
                    std::to_string(report.valid_tokens),
                trainer_cases::shown(batches));
    before.expect_value(
        "a parameter that only a micro-batch without a valid token uses (weight_decay 0.3, lr " +
            support::number(report.lr) + ")",
        model.second);
  }
}

TEST(MicroBatches, OneMicroBatchAtATime) {
  RandomTensors random;
  Training run(doubles(random), strong_options());
  for (int step = 0; step < 2; ++step) {
    run.trainer->step(split(random_batch(random, run.model.mlp, 6), {2, 1, 3}));
    expect_that(!run.model.graph_is_alive(), "activations of a graph are still alive after step " +
                                                 std::to_string(step) +
                                                 ", expected all to be freed");
  }
  expect_that(!run.model.graphs_overlapped,
              "activations of a micro-batch's graph are still alive when the next one's forward "
              "begins; expected backward to have freed them");
}

TEST(MicroBatches, ForwardRunsOncePerMicroBatchInOrder) {
  RandomTensors random;
  Training run(doubles(random), strong_options());
  kata::Batch batch = random_batch(random, run.model.mlp, 6);
  batch.targets = ids({0, 1, 2, 3, 4, 0});
  const Batches pieces = split(batch, {1, 2, 3});
  run.trainer->step(pieces);
  if (run.model.seen.size() != 3) {
    return support::fail("forward was called " + std::to_string(run.model.seen.size()) +
                         " times for 3 micro-batches, expected 3");
  }
  for (std::size_t i = 0; i < 3; ++i) {
    support::expect_same_bits("what forward call " + std::to_string(i) + " was given",
                              run.model.seen[i], pieces[i].inputs, {});
  }
}

TEST(CharacterModel, SLOW_LearnsTheText) {
  RandomTensors random;
  const double loss = character_model::last_loss(random);
  expect_that(loss < character_model::kLossMax,
              "the mean loss of the last 20 of 400 steps on text.txt is " + support::number(loss) +
                  ", expected less than " + support::number(character_model::kLossMax) +
                  " (it starts at about 3.6)");
}
