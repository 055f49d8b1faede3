#include <gtest/gtest.h>

#include "level1.h"
#include "oracle.h"
#include "support/gradients.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

using support::expect_close;
using support::Inputs;
using support::kBfloat16;
using support::kFloat32;
using support::kFloat64;
using support::matrix;
using support::RandomTensors;

namespace {

/// q, k and v with these leading dimensions.
Inputs random_inputs(RandomTensors& random, const std::vector<std::int64_t>& leading,
                     std::int64_t queries, std::int64_t keys, std::int64_t d, std::int64_t dv,
                     torch::ScalarType dtype = torch::kFloat32) {
  const auto tensor = [&](std::int64_t rows, std::int64_t columns) {
    std::vector<std::int64_t> sizes = leading;
    sizes.insert(sizes.end(), {rows, columns});
    return random.normal(sizes, dtype);
  };
  return {{"q", tensor(queries, d)}, {"k", tensor(keys, d)}, {"v", tensor(keys, dv)}};
}

torch::Tensor run(const Inputs& in) {
  return kata::attention(in[0].value, in[1].value, in[2].value);
}

/// The attempt on these inputs against the oracle.
void expect_right(const Inputs& in, const support::Tolerance& tolerance = kFloat32) {
  expect_close("attention(q, k, v)", support::answer_of(in, [&] { return run(in); }),
               oracle::attention(in[0].value, in[1].value, in[2].value), tolerance, in);
}

torch::Tensor attempt_of(const std::vector<torch::Tensor>& in) {
  return kata::attention(in[0], in[1], in[2]);
}

torch::Tensor oracle_of(const std::vector<torch::Tensor>& in) {
  return oracle::attention(in[0], in[1], in[2]);
}

/// A (rows, 16) matrix whose row r is full of values[r]. With D = 16 the scale is 1/4: exact, also
/// as its root 1/2, whatever is scaled.
torch::Tensor constant_rows(const std::vector<double>& values) {
  std::vector<std::vector<double>> rows;
  for (const double value : values) rows.emplace_back(16, value);
  return matrix(rows);
}

/// Row maxima 10,000, 9,999.2 and 50; the largest two are 0.004 to 0.8 apart.
Inputs large_logits() {
  return {{"q", constant_rows({50, -50, 0.25})},
          {"k", constant_rows({50, 49.99609375, -49.99609375, -49.9951171875})},
          {"v", matrix({{1, 2}, {3, -4}, {5, 6}, {-7, 8}})}};
}

}  // namespace

TEST(Softmax, EXAMPLE_TwoKeys) {
  const Inputs in{{"q", matrix({{2, 0, 0, 0}})},
                  {"k", matrix({{1, 0, 0, 0}, {0, 1, 0, 0}})},
                  {"v", matrix({{1, 0}, {0, 1}})}};
  expect_close("attention(q, k, v)", support::answer_of(in, [&] { return run(in); }),
               matrix({{0.7310586, 0.2689414}}), kFloat32, in);
}

TEST(Softmax, EXAMPLE_TwoQueriesThreeKeys) {
  const Inputs in{{"q", matrix({{0, 0, 0, 0}, {4, 0, 0, 0}})},
                  {"k", matrix({{1, 0, 0, 0}, {1, 0, 0, 0}, {-1, 0, 0, 0}})},
                  {"v", matrix({{1}, {2}, {6}})}};
  expect_close("attention(q, k, v)", support::answer_of(in, [&] { return run(in); }),
               matrix({{3}, {1.5408362}}), kFloat32, in);
}

TEST(Softmax, WeightsSumToOneOverTheKeys) {
  RandomTensors random;
  expect_right(random_inputs(random, {2, 2}, 5, 5, 4, 3));
  Inputs in = random_inputs(random, {2}, 7, 71, 6, 3);
  in[2].value = torch::ones_like(in[2].value);
  expect_close("the result for values that are all 1", run(in), torch::ones({2, 7, 3}), kFloat32,
               in);
}

TEST(Scaling, DividesByTheRootOfD) {
  RandomTensors random;
  expect_right(random_inputs(random, {}, 4, 9, 3, 2));
  expect_right(random_inputs(random, {}, 4, 9, 80, 2));
}

TEST(LargeLogits, OfBothSigns) {
  expect_right(large_logits());
  // All about −10,000, 3/4 to 1 apart.
  expect_right({{"q", constant_rows({-50, -49})},
                {"k", constant_rows({50, 50.00390625, 50.0078125})},
                {"v", matrix({{1}, {2}, {4}})}});
}

TEST(LargeLogits, HaveFiniteGradients) {
  const Inputs in = large_logits();
  const torch::Tensor cotangent = torch::ones({3, 2});
  const auto gradients = support::autograd_gradients(attempt_of, in, cotangent);
  // With a cotangent of ones, v's gradient is the sum of each key's weights.
  const auto expected =
      support::finite_differences(oracle_of, support::values_of(in), 2, cotangent);
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!gradients[i].defined()) {
      support::fail("the gradient of sum(result) in " + in[i].name + " is undefined, expected one",
                    in);
    } else if (!gradients[i].isfinite().all().item<bool>()) {
      support::fail("the gradient of sum(result) in " + in[i].name +
                        " holds NaN or infinity, expected finite numbers",
                    {{"gradient", gradients[i]}, in[0], in[1], in[2]});
    }
  }
  if (gradients[2].defined()) {
    expect_close("the gradient of sum(result) in v", gradients[2], expected, support::kGradient32,
                 in);
  }
}

TEST(Shapes, AnyLeadingDimensions) {
  RandomTensors random;
  expect_right(random_inputs(random, {}, 3, 4, 2, 5));
  expect_right(random_inputs(random, {3}, 2, 4, 2, 5));
  expect_right(random_inputs(random, {2, 3}, 2, 4, 2, 5));
  expect_right(random_inputs(random, {2, 1, 2, 2}, 2, 3, 4, 3));
}

TEST(Shapes, SinglesAndEmpties) {
  RandomTensors random;
  expect_right(random_inputs(random, {}, 1, 1, 1, 1));
  expect_right(random_inputs(random, {2}, 1, 6, 3, 2));
  expect_right(random_inputs(random, {2}, 6, 1, 3, 2));
  expect_right(random_inputs(random, {1, 1}, 6, 5, 1, 1));
  expect_right(random_inputs(random, {2}, 4, 5, 6, 13));
  expect_right(random_inputs(random, {2}, 0, 3, 4, 5));
  expect_right(random_inputs(random, {0, 2}, 3, 3, 4, 5));
}

TEST(Shapes, ThreeHeadsOfWidth80) {
  RandomTensors random;
  expect_right(random_inputs(random, {2, 3}, 13, 67, 80, 80));
}

TEST(Shapes, OddLengths) {
  RandomTensors random;
  expect_right(random_inputs(random, {1, 1}, 267, 1030, 8, 8));
}

TEST(Shapes, SLOW_LongSequencesOfManyHeads) {
  RandomTensors random;
  expect_right(random_inputs(random, {3}, 267, 1030, 16, 16));
}

TEST(DataTypes, Float64IsComputedInFloat64) {
  RandomTensors random;
  expect_right(random_inputs(random, {2}, 5, 7, 6, 3, torch::kFloat64), kFloat64);
}

TEST(DataTypes, Bfloat16RoundsOnce) {
  RandomTensors random;
  expect_right(random_inputs(random, {2, 3}, 9, 33, 16, 16, torch::kBFloat16), kBfloat16);
}

TEST(Inputs, OfAnyStrides) {
  RandomTensors random;
  // (B, L, H, D) seen as (B, H, L, D), as a projection leaves it.
  Inputs heads{{"q", random.normal({2, 2, 4, 6})},
               {"k", random.normal({2, 5, 4, 6})},
               {"v", random.normal({2, 5, 4, 3})}};
  for (auto& input : heads) input.value = input.value.transpose(1, 2);
  expect_right(heads);
  expect_right({{"q", random.normal({3, 4, 12}).slice(-1, 0, 12, 2)},  // every other column
                {"k", random.normal({1, 5, 6}).expand({3, 5, 6})},     // stride 0
                {"v", random.normal({3, 2, 5}).transpose(-2, -1)}});   // columns first
}

TEST(Inputs, StayAsTheyWere) {
  RandomTensors random;
  for (const std::int64_t length : {1, 3}) {
    const support::UntouchedInputs guard(random_inputs(random, {2}, length, length, 4, 4));
    guard.expect_not_shared(run(guard.inputs()));
    guard.expect_unchanged();
  }
}

TEST(Gradients, MatchFiniteDifferences) {
  RandomTensors random;
  support::expect_gradients(attempt_of, oracle_of,
                            random_inputs(random, {2}, 3, 4, 3, 2, torch::kFloat64),
                            support::kGradient64, random);
  support::expect_gradients(attempt_of, oracle_of, random_inputs(random, {}, 4, 3, 5, 2),
                            support::kGradient32, random);
}

TEST(Gradients, ReachTransposedInputs) {
  RandomTensors random;
  const auto transposed = [](const support::TensorFunction& f) {
    return [f](const std::vector<torch::Tensor>& in) {
      return f({in[0].transpose(0, 1), in[1].transpose(0, 1), in[2].transpose(0, 1)});
    };
  };
  const Inputs in{{"q", random.normal({2, 3, 2}, torch::kFloat64)},
                  {"k", random.normal({3, 3, 2}, torch::kFloat64)},
                  {"v", random.normal({3, 3, 2}, torch::kFloat64)}};
  support::expect_gradients(transposed(attempt_of), transposed(oracle_of), in, support::kGradient64,
                            random);
}
