#include <gtest/gtest.h>

#include <stdexcept>

#include "level2.h"
#include "oracle.h"
#include "support/gradients.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

using support::expect_close;
using support::Inputs;
using support::kFloat32;
using support::matrix;
using support::RandomTensors;

namespace {

using Keep = std::optional<torch::Tensor>;
using Sizes = std::vector<std::int64_t>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Inputs masked_inputs(RandomTensors& random, const Sizes& leading, std::int64_t queries,
                     std::int64_t keys, std::int64_t d, torch::ScalarType dtype = torch::kFloat32) {
  Sizes query_sizes = leading, key_sizes = leading;
  query_sizes.insert(query_sizes.end(), {queries, d});
  key_sizes.insert(key_sizes.end(), {keys, d});
  return {{"q", random.normal(query_sizes, dtype)},
          {"k", random.normal(key_sizes, dtype)},
          {"v", random.normal(key_sizes, dtype)}};
}

/// What a failure shows: q, k, v and the masks.
Inputs shown(Inputs in, const Keep& keep, bool causal) {
  if (keep) in.push_back({"keep", *keep});
  in.push_back({"causal", torch::tensor(causal)});
  return in;
}

torch::Tensor run(const Inputs& in, const Keep& keep, bool causal) {
  return kata::masked_attention(in[0].value, in[1].value, in[2].value, keep, causal);
}

torch::Tensor right(const Inputs& in, const Keep& keep, bool causal) {
  return oracle::masked_attention(in[0].value, in[1].value, in[2].value, keep, causal);
}

void expect_right(const Inputs& in, const Keep& keep, bool causal,
                  const support::Tolerance& tolerance = kFloat32) {
  const Inputs all = shown(in, keep, causal);
  const torch::Tensor got = support::answer_of(all, [&] { return run(in, keep, causal); });
  expect_close("masked_attention(q, k, v, keep, causal)", got, right(in, keep, causal), tolerance,
               all);
}

support::TensorFunction attempt_with(const Keep& keep, bool causal) {
  return [keep, causal](const std::vector<torch::Tensor>& in) {
    return kata::masked_attention(in[0], in[1], in[2], keep, causal);
  };
}

support::TensorFunction oracle_with(const Keep& keep, bool causal) {
  return [keep, causal](const std::vector<torch::Tensor>& in) {
    return oracle::masked_attention(in[0], in[1], in[2], keep, causal);
  };
}

torch::Tensor mask(const std::vector<std::vector<double>>& rows) {
  return matrix(rows, torch::kFloat64).to(torch::kBool);
}

/// A mask in which query 1 has no key, and key 2 no query.
torch::Tensor holey_mask() {
  return mask({{1, 1, 0, 0}, {0, 0, 0, 0}, {0, 1, 0, 1}});
}

/// Puts `poison` into k and v at key 2, which holey_mask() hides from all, and expects the result
/// and q's gradient of the same inputs with 0 there.
void expect_poison_stays_out(double poison, bool in_keys, bool in_values) {
  RandomTensors random;
  const Inputs clean = masked_inputs(random, {}, 3, 4, 4, torch::kFloat64);
  Inputs in = clean;
  if (in_keys) in[1].value = in[1].value.clone().index_fill_(0, torch::tensor({2}), poison);
  if (in_values) in[2].value = in[2].value.clone().index_fill_(0, torch::tensor({2}), poison);
  const torch::Tensor keep = holey_mask();
  expect_right(in, keep, false, support::kFloat64);
  const torch::Tensor cotangent = random.normal({3, 4}, torch::kFloat64);
  const torch::Tensor gradient =
      support::autograd_gradients(attempt_with(keep, false), in, cotangent)[0];
  if (!gradient.defined())
    return support::fail("the gradient in q is undefined, expected one", shown(in, keep, false));
  expect_close("the gradient of q", gradient,
               support::finite_differences(oracle_with(keep, false), support::values_of(clean), 0,
                                           cotangent),
               support::kGradient64, shown(in, keep, false));
}

}  // namespace

TEST(KeepMask, EXAMPLE_TrueMeansKeep) {
  const Inputs in{{"q", matrix({{2, 0, 0, 0}})},
                  {"k", matrix({{1, 0, 0, 0}, {0, 1, 0, 0}, {1, 0, 0, 0}})},
                  {"v", matrix({{1, 0}, {0, 1}, {5, 5}})}};
  const torch::Tensor keep = mask({{1, 1, 0}});
  expect_close("masked_attention(q, k, v, keep, false)", run(in, keep, false),
               matrix({{0.7310586, 0.2689414}}), kFloat32, shown(in, keep, false));
}

TEST(CausalMask, EXAMPLE_TwoNewQueriesOnThreeKeys) {
  const Inputs in{
      {"q", torch::zeros({2, 4})}, {"k", torch::zeros({3, 4})}, {"v", matrix({{1}, {3}, {8}})}};
  expect_close("masked_attention(q, k, v, nullopt, true)", run(in, std::nullopt, true),
               matrix({{2}, {4}}), kFloat32, shown(in, std::nullopt, true));
}

TEST(KeepMask, RandomPairs) {
  RandomTensors random;
  const Inputs in = masked_inputs(random, {2, 3}, 5, 7, 4);
  expect_right(in, random.coins({2, 3, 5, 7}), false);
  expect_right(masked_inputs(random, {2}, 5, 3, 4), std::nullopt, false);
}

TEST(KeepMask, Broadcasts) {
  RandomTensors random;
  const Inputs in = masked_inputs(random, {2, 3}, 4, 5, 2);
  for (const std::int64_t b : {1, 2}) {
    for (const std::int64_t h : {1, 3}) {
      for (const std::int64_t queries : {1, 4}) {
        for (const std::int64_t keys : {1, 5}) {
          expect_right(in, random.coins({b, h, queries, keys}, 0.7), false);
        }
      }
    }
  }
  const Inputs square = masked_inputs(random, {4, 4}, 4, 4, 2);  // a wrong alignment fits as well
  for (const Sizes& sizes : {Sizes{4}, Sizes{4, 4}, Sizes{4, 1}, Sizes{4, 4, 4}}) {
    expect_right(square, random.coins(sizes, 0.7), false);
  }
}

TEST(KeepMask, OfAnyStridesStaysAsItWas) {
  RandomTensors random;
  const Inputs in = masked_inputs(random, {3}, 4, 5, 2);
  expect_right(in, random.coins({3, 5, 4}).transpose(-2, -1), false);
  expect_right(in, random.coins({1, 5}).expand({4, 5}), true);
  const torch::Tensor keep = random.coins({3, 4, 5});
  const support::UntouchedInputs guard({in[0], in[1], in[2], {"keep", keep}});
  guard.expect_not_shared(run(in, keep, true));
  guard.expect_unchanged();
}

TEST(KeepMask, LeavesNoWeightBehind) {
  // Kept logits are about −10,000, hidden ones 0: no finite stand-in for −∞ may win.
  Inputs in{{"q", torch::full({1, 16}, -50.0)},
            {"k", torch::full({4, 16}, 50.0)},
            {"v", matrix({{1}, {2}, {100}, {200}})}};
  in[1].value.narrow(0, 2, 2).zero_();
  expect_right(in, mask({{1, 1, 0, 0}}), false);
}

TEST(KeepMask, TilesHiddenFromSomeRows) {
  // Row i sees keys i − 9 … i: for late rows whole tiles of keys are hidden, for others not.
  RandomTensors random;
  const Inputs in = masked_inputs(random, {1}, 600, 600, 4);
  const torch::Tensor band = torch::ones({600, 600}, torch::kBool)
                                 .tril()
                                 .logical_and(torch::ones({600, 600}, torch::kBool).triu(-9));
  expect_right(in, band, false);
}

TEST(CausalMask, AlignsToTheLowerRight) {
  RandomTensors random;
  for (const std::int64_t queries : {1, 2, 5}) {
    expect_right(masked_inputs(random, {2}, queries, 7, 3), std::nullopt, true);
    expect_right(masked_inputs(random, {2}, queries, queries, 3), std::nullopt, true);
  }
  expect_right(masked_inputs(random, {1, 1}, 267, 514, 8), std::nullopt, true);
}

TEST(CausalMask, AndKeepMustBothPass) {
  RandomTensors random;
  const Inputs in = masked_inputs(random, {2}, 4, 6, 3);
  expect_right(in, random.coins({2, 4, 6}), true);
  expect_right(in, random.coins({6}), true);
  // Queries 0 and 1 are left without a key by both masks together.
  expect_right(masked_inputs(random, {}, 3, 3, 2), mask({{0, 1, 1}, {0, 0, 1}, {1, 0, 0}}), true);
}

TEST(CausalMask, FutureChangesNoBit) {
  RandomTensors random;
  const Inputs in = masked_inputs(random, {2}, 6, 8, 4);
  const torch::Tensor before = run(in, std::nullopt, true);
  const std::int64_t seen = random.integer(0, 4);  // the last query that must not notice
  Inputs changed = in;
  for (std::size_t i = 1; i < 3; ++i) {
    changed[i].value = in[i].value.clone();
    changed[i].value.narrow(1, seen + 3, 5 - seen).mul_(-3).add_(1);
  }
  const torch::Tensor after = run(changed, std::nullopt, true);
  if (!support::has_form("masked_attention", before, {2, 6, 4}, torch::kFloat32, in)) return;
  if (!support::has_form("masked_attention", after, {2, 6, 4}, torch::kFloat32, in)) return;
  support::expect_same_bits("the result of queries 0 to " + std::to_string(seen) +
                                " after a change of later keys and values",
                            after.narrow(1, 0, seen + 1), before.narrow(1, 0, seen + 1),
                            shown(in, std::nullopt, true));
}

TEST(CausalMask, FutureHasNoGradient) {
  RandomTensors random;
  const Inputs in = masked_inputs(random, {}, 4, 6, 3);
  torch::Tensor cotangent = torch::zeros({4, 3});
  cotangent[1].fill_(1);  // query 1 sees keys 0 to 3
  const auto gradients =
      support::autograd_gradients(attempt_with(std::nullopt, true), in, cotangent);
  for (const std::size_t i : {1, 2}) {
    if (!gradients[i].defined()) {
      support::fail("the gradient of sum(row 1 of the result), causal, in " + in[i].name +
                        " is undefined, expected one",
                    in);
      continue;
    }
    support::expect_same_bits(
        "causal: the gradient of sum(row 1 of the result) in rows 4 and 5 of " + in[i].name,
        gradients[i].narrow(0, 4, 2), torch::zeros({2, 3}), in);
    if (gradients[i].narrow(0, 0, 4).eq(0).all().item<bool>()) {
      support::fail("causal: the gradient of sum(row 1 of the result) in rows 0 to 3 of " +
                        in[i].name + " is all 0, expected other numbers",
                    in);
    }
  }
}

TEST(FullyMaskedRow, GivesZero) {
  RandomTensors random;
  expect_right(masked_inputs(random, {2}, 3, 4, 3), holey_mask(), false);
  expect_right(masked_inputs(random, {}, 3, 4, 3), mask({{0}}), false);
}

TEST(FullyMaskedRow, HasZeroGradients) {
  RandomTensors random;
  const Inputs in = masked_inputs(random, {2}, 3, 4, 3, torch::kFloat64);
  support::expect_gradients(attempt_with(holey_mask(), false), oracle_with(holey_mask(), false), in,
                            support::kGradient64, random);
}

TEST(UnusedKey, NanAndInfinityStayOut) {
  expect_poison_stays_out(kNan, /*in_keys=*/false, /*in_values=*/true);
  expect_poison_stays_out(kNan, /*in_keys=*/true, /*in_values=*/false);
  expect_poison_stays_out(kInfinity, /*in_keys=*/true, /*in_values=*/true);
}

TEST(UnusedKey, IsOneThatNoQueryOfItsHeadMaySee) {
  RandomTensors random;
  // Key 3 is hidden in head 1 of element 0 only, key 0 in head 0 of element 1.
  Inputs in = masked_inputs(random, {2, 2}, 3, 4, 3);
  torch::Tensor keep = torch::ones({2, 2, 3, 4}, torch::kBool);
  keep.select(0, 0).select(0, 1).select(1, 3).fill_(false);
  keep.select(0, 1).select(0, 0).select(1, 0).fill_(false);
  for (std::size_t i = 1; i < 3; ++i) {
    in[i].value[0][1][3].fill_(kNan);
    in[i].value[1][0][0].fill_(-kInfinity);
  }
  expect_right(in, keep, false);

  Inputs causal = masked_inputs(random, {}, 3, 3, 2);
  causal[1].value[2].fill_(kNan);  // keep shows key 2 to query 0, which causal forbids
  causal[2].value[2].fill_(kNan);
  expect_right(causal, mask({{1, 1, 1}, {1, 1, 0}, {1, 1, 0}}), true);
}

TEST(MaskedGradients, MatchFiniteDifferences) {
  RandomTensors random;
  const Inputs in = masked_inputs(random, {2}, 3, 5, 3, torch::kFloat64);
  const torch::Tensor keep = random.coins({2, 3, 5}, 0.6);
  support::expect_gradients(attempt_with(keep, true), oracle_with(keep, true), in,
                            support::kGradient64, random);
}

TEST(MaskedDataTypes, RoundAsInLevelOne) {
  RandomTensors random;
  expect_right(masked_inputs(random, {2}, 4, 6, 5, torch::kFloat64), random.coins({4, 6}, 0.7),
               true, support::kFloat64);
  expect_right(masked_inputs(random, {2, 2}, 9, 33, 16, torch::kBFloat16), random.coins({9, 33}),
               false, support::kBfloat16);
}

TEST(MaskErrors, RefusesOtherTypesThanBool) {
  RandomTensors random;
  const Inputs in = masked_inputs(random, {}, 2, 3, 4);
  for (const auto dtype : {torch::kFloat32, torch::kInt64, torch::kUInt8}) {
    const torch::Tensor keep = torch::ones({2, 3}, dtype);
    support::expect_throws<std::invalid_argument>("a keep mask that is not bool",
                                                  "std::invalid_argument", shown(in, keep, false),
                                                  [&] { run(in, keep, false); });
  }
}

TEST(MaskErrors, RefusesShapesThatDoNotBroadcast) {
  RandomTensors random;
  const Inputs in = masked_inputs(random, {2}, 3, 4, 2);
  for (const Sizes& sizes : {Sizes{3}, Sizes{4, 3}, Sizes{3, 3, 4}, Sizes{2, 4, 4}}) {
    const torch::Tensor keep = torch::ones(sizes, torch::kBool);
    support::expect_throws<std::invalid_argument>(
        "a keep mask of shape " + support::shape_text(sizes) + " for scores (2, 3, 4)",
        "std::invalid_argument", {}, [&] { run(in, keep, false); });
  }
  const Inputs one = masked_inputs(random, {1}, 1, 4, 2);
  for (const Sizes& sizes : {Sizes{2, 1, 1, 4}, Sizes{1, 1, 1, 4}, Sizes{2, 1, 4}, Sizes{3, 4}}) {
    const torch::Tensor keep = torch::ones(sizes, torch::kBool);
    support::expect_throws<std::invalid_argument>(
        "a keep mask of shape " + support::shape_text(sizes) + " for scores (1, 1, 4)",
        "std::invalid_argument", {}, [&] { run(one, keep, false); });
  }
}

TEST(MaskErrors, RefusesCausalWithMoreQueriesThanKeys) {
  RandomTensors random;
  const Inputs in = masked_inputs(random, {2}, 4, 3, 2);
  support::expect_throws<std::invalid_argument>("causal with Lq = 4, Lk = 3",
                                                "std::invalid_argument", in,
                                                [&] { run(in, std::nullopt, true); });
  const torch::Tensor keep = torch::ones({4, 3}, torch::kBool);
  support::expect_throws<std::invalid_argument>("causal with Lq = 4, Lk = 3 and a keep mask",
                                                "std::invalid_argument", in,
                                                [&] { run(in, keep, true); });
}
