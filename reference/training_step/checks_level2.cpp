#include "level2.h"

#include <ATen/SequenceNumber.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "mlp_cases.h"
#include "oracle.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

using mlp_cases::ids;
using mlp_cases::random_inputs;
using mlp_cases::random_mlp;
using mlp_cases::random_targets;
using step_cases::expect_that;
using support::expect_close;
using support::Inputs;
using support::kFloat32;
using support::kFloat64;
using support::matrix;
using support::RandomTensors;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kIgnored = -100;
constexpr support::Tolerance kCrossEntropyGradient{"float32", torch::kFloat32, 1e-6, 5e-6};

Inputs shown(const torch::Tensor& logits, const torch::Tensor& targets, std::int64_t ignore_index) {
  return {{"logits", logits}, {"targets", targets}, {"ignore_index", torch::tensor(ignore_index)}};
}

void expect_right(const torch::Tensor& logits, const torch::Tensor& targets,
                  std::int64_t ignore_index = kIgnored) {
  const Inputs in = shown(logits.clone(), targets.clone(), ignore_index);
  const auto expected = oracle::cross_entropy(logits, targets, ignore_index);
  const auto got =
      support::answer_of(in, [&] { return kata::cross_entropy(logits, targets, ignore_index); });
  const bool doubles = logits.scalar_type() == torch::kFloat64;
  expect_close("loss", got.loss, torch::tensor(expected.loss, torch::kFloat64),
               doubles ? kFloat64 : kFloat32, in);
  expect_close("gradient", got.gradient, expected.gradient,
               doubles ? kFloat64 : kCrossEntropyGradient, in);
}

Inputs shown(const kata::Mlp& mlp, const torch::Tensor& inputs, const torch::Tensor& targets,
             std::int64_t ignore_index) {
  return {{"w1", mlp.w1},
          {"b1", mlp.b1},
          {"w2", mlp.w2},
          {"b2", mlp.b2},
          {"inputs", inputs},
          {"targets", targets},
          {"ignore_index", torch::tensor(ignore_index)}};
}

void expect_right(const kata::Mlp& mlp, const torch::Tensor& inputs, const torch::Tensor& targets,
                  std::int64_t ignore_index = kIgnored) {
  const Inputs in = shown(mlp, inputs, targets, ignore_index);
  const auto expected = oracle::mlp_backward(mlp, inputs, targets, ignore_index);
  const auto got = support::answer_of(
      in, [&] { return kata::mlp_backward(mlp, inputs, targets, ignore_index); });
  const auto& tolerance = inputs.scalar_type() == torch::kFloat64 ? kFloat64 : kFloat32;
  expect_close("loss", got.loss, torch::tensor(expected.loss, torch::kFloat64), tolerance, in);
  expect_close("the gradient of w2", got.w2, expected.w2, tolerance, in);
  expect_close("the gradient of b2", got.b2, expected.b2, tolerance, in);
  expect_close("the gradient of w1", got.w1, expected.w1, tolerance, in);
  expect_close("the gradient of b1", got.b1, expected.b1, tolerance, in);
  expect_close("the gradient of the inputs", got.inputs, expected.inputs, tolerance, in);
}

/// Autograd numbers the nodes that it records: no new number, no graph.
template <typename Call>
void expect_no_graph(const std::string& what, Call&& call) {
  const std::uint64_t before = at::sequence_number::peek();
  call();
  const std::uint64_t recorded = at::sequence_number::peek() - before;
  expect_that(recorded == 0, what + " has autograd record " + std::to_string(recorded) +
                                 " operations, expected none: this level is done without it");
}

template <typename Call>
void expect_out_of_range(const std::string& what, const Inputs& in, Call&& call) {
  support::expect_throws<std::out_of_range>(what, "std::out_of_range", in, call);
}

}  // namespace

TEST(CrossEntropy, EXAMPLE_SecondRowDoesNotCount) {
  const torch::Tensor logits = matrix({{1, 1, 1.6931472}, {0, 5, 9}}), targets = ids({2, -100});
  const Inputs in = shown(logits, targets, -100);
  const auto got =
      support::answer_of(in, [&] { return kata::cross_entropy(logits, targets, -100); });
  expect_close("loss", got.loss, torch::tensor(0.6931472, torch::kFloat64), kFloat32, in);
  expect_close("gradient", got.gradient, matrix({{0.25, 0.25, -0.5}, {0, 0, 0}}),
               kCrossEntropyGradient, in);
}

TEST(MlpBackward, EXAMPLE_HiddenUnitAtZero) {
  const kata::Mlp mlp{matrix({{1}, {-1}}), matrix({{0, 1}})[0], matrix({{1.0986123, 5}, {0, 7}}),
                      torch::zeros({2})};
  const torch::Tensor inputs = matrix({{1}}), targets = ids({1});
  const Inputs in = shown(mlp, inputs, targets, kIgnored);
  const auto got =
      support::answer_of(in, [&] { return kata::mlp_backward(mlp, inputs, targets, kIgnored); });
  expect_close("loss", got.loss, torch::tensor(1.3862944, torch::kFloat64), kFloat32, in);
  expect_close("the gradient of w2", got.w2, matrix({{0.75, 0}, {-0.75, 0}}), kFloat32, in);
  expect_close("the gradient of b2", got.b2, matrix({{0.75, -0.75}})[0], kFloat32, in);
  expect_close("the gradient of w1", got.w1, matrix({{0.8239592}, {0}}), kFloat32, in);
  expect_close("the gradient of b1", got.b1, matrix({{0.8239592, 0}})[0], kFloat32, in);
  expect_close("the gradient of the inputs", got.inputs, matrix({{0.8239592}}), kFloat32, in);
}

TEST(CrossEntropy, OfRandomLogits) {
  RandomTensors random;
  const std::vector<std::pair<std::int64_t, std::int64_t>> shapes{
      {1, 1}, {1, 5}, {5, 5}, {7, 3}, {3, 1030}};
  for (const auto& [rows, classes] : shapes) {
    const torch::Tensor logits = random.normal({rows, classes}) * 2;
    expect_right(logits, random_targets(random, rows, classes));
  }
  expect_right(random.normal({6, 4}, torch::kFloat64), random_targets(random, 6, 4));
}

TEST(LargeLogits, OfBothSigns) {
  RandomTensors random;
  // Row by row: the target at the top, at the bottom, and all at the same height far from 0.
  expect_right(matrix({{1e4, -1e4, 0}, {1e4, -1e4, 0}, {-1e4, -1e4, -1e4}, {9998, 1e4, 9999.5}}),
               ids({0, 1, 2, 2}));
  expect_right(random.normal({5, 4}, torch::kFloat64) * 5000, random_targets(random, 5, 4));
}

TEST(LargeLogits, LoseNoDigitsOfTheLoss) {
  expect_right(matrix({{1e4, 1e4}}), ids({1}));
  expect_right(matrix({{-1e4, -9999.5, -9999}, {8191, 8190, 8192}}), ids({1, 2}));
}

TEST(IgnoredTargets, AreNoPartOfTheMean) {
  RandomTensors random;
  for (const auto dtype : {torch::kFloat32, torch::kFloat64}) {
    const torch::Tensor logits = random.normal({7, 4}, dtype);
    torch::Tensor targets = random_targets(random, 7, 4);
    targets[random.integer(0, 2)] = kIgnored;
    targets[random.integer(3, 6)] = kIgnored;
    expect_right(logits, targets);
  }
}

TEST(IgnoredTargets, MayBeAnyNumber) {
  RandomTensors random;
  const torch::Tensor logits = random.normal({6, 4});
  for (const std::int64_t ignore : {0, 3, -1, -100, 4, 1000}) {
    torch::Tensor targets = random_targets(random, 6, 4);
    targets[random.integer(0, 5)] = ignore;
    expect_right(logits, targets, ignore);
  }
}

TEST(IgnoredTargets, KeepNanAndInfinityOut) {
  RandomTensors random;
  for (const double poison : {kNan, kInfinity, -kInfinity}) {
    torch::Tensor logits = random.normal({4, 3});
    logits[1][2] = poison;
    logits[3].fill_(poison);
    torch::Tensor targets = random_targets(random, 4, 3);
    targets[1] = targets[3] = kIgnored;
    expect_right(logits, targets);
  }
}

TEST(IgnoredTargets, AllIgnoredGiveZero) {
  RandomTensors random;
  expect_right(random.normal({3, 4}), ids({kIgnored, kIgnored, kIgnored}));
  expect_right(random.normal({2, 3}, torch::kFloat64), ids({1, 1}), 1);
  expect_right(random.normal({0, 4}), ids({}));
}

TEST(TargetErrors, OfCrossEntropy) {
  RandomTensors random;
  const torch::Tensor logits = random.normal({3, 4});
  const auto refuse = [&](std::int64_t bad, std::int64_t ignore) {
    for (const std::int64_t row : {0, 1, 2}) {
      torch::Tensor targets = ids({1, 3, 2});
      targets[row] = bad;
      expect_out_of_range("the target " + std::to_string(bad) + " for 4 classes",
                          shown(logits, targets, ignore),
                          [&] { kata::cross_entropy(logits, targets, ignore); });
    }
  };
  for (const std::int64_t bad : {4, -1, 5, 1'000'000'007, -101}) refuse(bad, -100);
  refuse(-100, -1);
  refuse(4, 0);
}

TEST(TargetErrors, OfMlpBackward) {
  RandomTensors random;
  const kata::Mlp mlp = random_mlp(random, 3, 2, 4);
  const torch::Tensor inputs = random.normal({2, 3});
  for (const std::int64_t bad : {4, -1}) {
    const torch::Tensor targets = ids({kIgnored, bad});
    expect_out_of_range("the target " + std::to_string(bad) + " for 4 classes",
                        shown(mlp, inputs, targets, kIgnored),
                        [&] { kata::mlp_backward(mlp, inputs, targets, kIgnored); });
  }
}

TEST(MlpBackward, OfRandomWeights) {
  RandomTensors random;
  const kata::Mlp mlp = random_mlp(random, 3, 5, 4), square = random_mlp(random, 4, 4, 4);
  expect_right(mlp, random_inputs(random, mlp, 7), random_targets(random, 7, 4));
  expect_right(square, random_inputs(random, square, 4), random_targets(random, 4, 4));
  const kata::Mlp doubles = random_mlp(random, 6, 9, 2, torch::kFloat64);
  expect_right(doubles, random_inputs(random, doubles, 5), random_targets(random, 5, 2));
}

TEST(MlpBackward, OfSingleUnits) {
  RandomTensors random;
  kata::Mlp mlp = random_mlp(random, 1, 1, 2);
  mlp.b1.fill_(9);  // the only unit is on
  expect_right(mlp, random.normal({1, 1}), ids({1}));
  const kata::Mlp one_class = random_mlp(random, 1, 3, 1);
  expect_right(one_class, random_inputs(random, one_class, 2), ids({0, 0}));
}

TEST(MlpBackward, DerivativeAtZeroIsZero) {
  RandomTensors random;
  kata::Mlp mlp = random_mlp(random, 3, 4, 3, torch::kFloat64);
  mlp.b1.zero_();
  torch::Tensor inputs = random_inputs(random, mlp, 4);
  inputs[1].zero_();  // every unit is exactly 0 for these rows
  inputs[3].zero_();
  expect_right(mlp, inputs, random_targets(random, 4, 3));
}

TEST(MlpBackward, OfIgnoredRows) {
  RandomTensors random;
  const kata::Mlp mlp = random_mlp(random, 3, 4, 5);
  torch::Tensor targets = random_targets(random, 6, 5);
  targets[random.integer(0, 5)] = kIgnored;
  expect_right(mlp, random_inputs(random, mlp, 6), targets);
  targets = ids({0, 1, 4, 1, 1, 2});
  expect_right(mlp, random_inputs(random, mlp, 6), targets, /*ignore_index=*/1);
  expect_right(mlp, random_inputs(random, mlp, 2), ids({kIgnored, kIgnored}));
  expect_right(mlp, random_inputs(random, mlp, 0), ids({}));
}

TEST(MlpBackward, OfLargeLogits) {
  RandomTensors random;
  kata::Mlp mlp = random_mlp(random, 3, 4, 3, torch::kFloat64);
  mlp.w2.mul_(3000);
  expect_right(mlp, random_inputs(random, mlp, 5), random_targets(random, 5, 3));
}

void expect_plain(const support::Input& result) {
  const bool defined = result.value.defined();
  expect_that(
      defined && !result.value.requires_grad(),
      "the result's " + result.name +
          (defined ? " has requires_grad true, expected false" : " is an undefined tensor"));
}

TEST(NoAutograd, InCrossEntropy) {
  RandomTensors random;
  const torch::Tensor logits = random.normal({3, 4}), targets = ids({0, kIgnored, 2});
  kata::CrossEntropy got;
  expect_no_graph("cross_entropy", [&] { got = kata::cross_entropy(logits, targets, kIgnored); });
  for (const support::Input& result :
       support::Inputs{{"loss", got.loss}, {"gradient", got.gradient}}) {
    expect_plain(result);
  }
}

TEST(NoAutograd, InMlpBackward) {
  RandomTensors random;
  const kata::Mlp mlp = random_mlp(random, 3, 4, 2);
  const torch::Tensor inputs = random.normal({3, 3}), targets = ids({0, 1, 1});
  kata::MlpGradients got;
  expect_no_graph("mlp_backward",
                  [&] { got = kata::mlp_backward(mlp, inputs, targets, kIgnored); });
  for (const support::Input& result : support::Inputs{{"loss", got.loss},
                                                      {"w1", got.w1},
                                                      {"b1", got.b1},
                                                      {"w2", got.w2},
                                                      {"b2", got.b2},
                                                      {"inputs", got.inputs}}) {
    expect_plain(result);
  }
}

TEST(Tensors, OfAnyStrides) {
  RandomTensors random;
  const torch::Tensor targets = random_targets(random, 8, 4).slice(0, 0, 8, 2);  // every other
  expect_right(random.normal({4, 4}).t(), targets);
  expect_right(random.normal({1, 4}).expand({4, 4}), targets);
  expect_right(random.normal({4, 8}).slice(1, 0, 8, 2), ids({2}).expand({4}));
  kata::Mlp mlp = random_mlp(random, 3, 5, 4);
  mlp.w1 = random.normal({3, 5}).t();
  mlp.w2 = random.normal({5, 8}).slice(1, 0, 8, 2).t();
  mlp.b1 = random.normal({1}).expand({5});
  mlp.b2 = random.normal({8}).slice(0, 0, 8, 2);
  expect_right(mlp, random_inputs(random, mlp, 4).t().contiguous().t(), targets);
}

TEST(Tensors, StayAsTheyWereAndAreNotShared) {
  RandomTensors random;
  for (const bool all_ignored : {false, true}) {
    const kata::Mlp mlp = random_mlp(random, 3, 3, 3);
    const torch::Tensor inputs = random.normal({3, 3}), logits = random.normal({3, 3});
    const torch::Tensor targets = all_ignored ? ids({7, 7, 7}) : ids({1, 7, 2});
    const support::UntouchedInputs guard({{"logits", logits},
                                          {"inputs", inputs},
                                          {"targets", targets},
                                          {"w1", mlp.w1},
                                          {"b1", mlp.b1},
                                          {"w2", mlp.w2},
                                          {"b2", mlp.b2}});
    const auto top = kata::cross_entropy(logits, targets, 7);
    const auto got = kata::mlp_backward(mlp, inputs, targets, 7);
    guard.expect_unchanged();
    const support::Inputs results{
        {"cross_entropy's loss", top.loss}, {"cross_entropy's gradient", top.gradient},
        {"mlp_backward's loss", got.loss},  {"mlp_backward's w1", got.w1},
        {"mlp_backward's b1", got.b1},      {"mlp_backward's w2", got.w2},
        {"mlp_backward's b2", got.b2},      {"mlp_backward's inputs", got.inputs}};
    for (std::size_t i = 0; i < results.size(); ++i) {
      guard.expect_not_shared(results[i].value);
      for (std::size_t j = 0; j < i; ++j) {
        const torch::Tensor &one = results[i].value, &other = results[j].value;
        const bool shared = one.defined() && one.is_alias_of(other);
        expect_that(!shared,
                    results[j].name + " and " + results[i].name +
                        " share memory, expected memory of their own",
                    guard.inputs());
      }
    }
  }
}
