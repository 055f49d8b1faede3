#include "level3.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "layer_cases.h"
#include "oracle.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

using layer_cases::BadLayer;
using layer_cases::flat_layer;
using layer_cases::identity_layer;
using layer_cases::layers_with_bad_head_counts;
using layer_cases::random_layer;
using layer_cases::shown;
using support::expect_close;
using support::kFloat32;
using support::kFloat64;
using support::matrix;
using support::RandomTensors;

namespace {

void expect_rope_right(const torch::Tensor& x, std::int64_t start,
                       const support::Tolerance& tolerance = kFloat32) {
  expect_close("rope(x, " + std::to_string(start) + ")",
               support::answer_of({{"x", x}}, [&] { return kata::rope(x, start); }),
               oracle::rope(x, start), tolerance, {{"x", x}});
}

void expect_layer_right(const torch::Tensor& x, const kata::Layer& layer, std::int64_t start,
                        const support::Tolerance& tolerance = kFloat32) {
  expect_close("causal_self_attention(x, layer, " + std::to_string(start) + ")",
               support::answer_of(shown(x, layer),
                                  [&] { return kata::causal_self_attention(x, layer, start); }),
               oracle::causal_self_attention(x, layer, start), tolerance, shown(x, layer));
}

void expect_refused(const BadLayer& bad) {
  const torch::Tensor x = torch::ones({1, 2, 8});
  support::expect_throws<std::invalid_argument>(
      std::string("causal_self_attention with ") + bad.reason, "std::invalid_argument",
      shown(x, bad.layer), [&] { kata::causal_self_attention(x, bad.layer, 0); });
}

}  // namespace

TEST(Rope, EXAMPLE_TwoPairsAtPositionOne) {
  const torch::Tensor x = matrix({{1, 0, 1, 0}});
  expect_close("rope(x, 1)", support::answer_of({{"x", x}}, [&] { return kata::rope(x, 1); }),
               matrix({{0.5403023, 0.8414710, 0.9999500, 0.0099998}}), kFloat32, {{"x", x}});
}

TEST(SelfAttention, EXAMPLE_IdentityWeights) {
  const torch::Tensor x = matrix({{1, 0}, {0, 1}}).unsqueeze(0);
  const kata::Layer layer = identity_layer();
  expect_close(
      "causal_self_attention(x, layer, 0)",
      support::answer_of(shown(x, layer), [&] { return kata::causal_self_attention(x, layer, 0); }),
      matrix({{1, 0}, {0.2138090, 0.7861910}}).unsqueeze(0), kFloat32, shown(x, layer));
}

TEST(Rope, TurnsInterleavedPairs) {
  RandomTensors random;
  expect_rope_right(random.normal({7, 80}), 0);
  expect_rope_right(random.normal({2, 1, 3, 2, 6}), 2);
  const torch::Tensor x = random.normal({2, 3, 4, 6}).transpose(1, 2);  // as heads are split
  const support::UntouchedInputs guard({{"x", x}});
  expect_rope_right(x, 3);
  guard.expect_unchanged();
  guard.expect_not_shared(kata::rope(x, 0));
}

TEST(Rope, ReturnsACopyEvenWhereNothingTurns) {
  RandomTensors random;
  const torch::Tensor x = random.normal({2, 1, 6});
  const support::UntouchedInputs guard({{"x", x}});
  guard.expect_not_shared(kata::rope(x, 0));
  guard.expect_unchanged();
}

TEST(Rope, StartsAtThePositionGiven) {
  RandomTensors random;
  expect_rope_right(random.normal({2, 3, 8}), random.integer(1, 500));
  expect_rope_right(random.normal({1, 4}), 1);
}

TEST(Rope, AnglesAreFloat64) {
  RandomTensors random;
  expect_rope_right(random.normal({3, 16}), 1'000'003);
  expect_rope_right(random.normal({2, 3, 8}, torch::kFloat64), 11, kFloat64);
}

TEST(Rope, RefusesOddWidths) {
  for (const std::int64_t d : {1, 5}) {
    support::expect_throws<std::invalid_argument>("rope with D = " + std::to_string(d),
                                                  "std::invalid_argument", {}, [&] {
                                                    kata::rope(torch::ones({2, d}), 0);
                                                  });
  }
}

TEST(Projections, AreStoredOutIn) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 1, 1, 8});  // square: either way fits
  expect_layer_right(random.normal({1, 4, 8}), layer, 0);
}

TEST(Projections, HeadsMayBeWiderThanTheInput) {
  RandomTensors random;
  expect_layer_right(random.normal({1, 4, 6}), random_layer(random, {6, 3, 3, 8}), 0);
  expect_layer_right(random.normal({1, 4, 24}), random_layer(random, {24, 2, 2, 4}), 0);
}

TEST(Heads, AreSplitAndMergedInOrder) {
  RandomTensors random;
  expect_layer_right(random.normal({2, 5, 12}), random_layer(random, {12, 3, 3, 4}), 0);
  expect_layer_right(random.normal({2, 1, 8}), random_layer(random, {8, 2, 2, 4}), 0);
}

TEST(GroupedQueries, ShareKeysInOrder) {
  RandomTensors random;
  expect_layer_right(random.normal({2, 4, 8}), random_layer(random, {8, 6, 2, 4}), 0);
  expect_layer_right(random.normal({2, 4, 8}), random_layer(random, {8, 3, 1, 4}), 0);
}

TEST(GroupedQueries, ThreeHeadsOfWidth80) {
  RandomTensors random;
  expect_layer_right(random.normal({1, 13, 24}), random_layer(random, {24, 3, 1, 80}), 0);
}

TEST(Positions, StartPositionMovesQueriesAndKeys) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 2, 1, 4});
  expect_layer_right(random.normal({1, 6, 8}), layer, 1'000);
}

TEST(Causality, FutureTokensChangeNoBit) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 4, 2, 4});
  const torch::Tensor x = random.normal({2, 7, 8});
  const std::int64_t seen = random.integer(2, 6);  // tokens that must not notice
  torch::Tensor changed = x.clone();
  // Large, so that even what cancels in exact arithmetic leaves a trace in the last bits.
  changed.narrow(1, seen, 7 - seen).mul_(-200).add_(100);
  const torch::Tensor before = kata::causal_self_attention(x, layer, 0);
  const torch::Tensor after = kata::causal_self_attention(changed, layer, 0);
  for (const torch::Tensor& result : {before, after}) {
    if (!support::has_form("causal_self_attention", result, x.sizes(), torch::kFloat32,
                           shown(x, layer))) {
      return;
    }
  }
  support::expect_same_bits(
      "the result of the first " + std::to_string(seen) + " tokens after a change of later ones",
      after.narrow(1, 0, seen), before.narrow(1, 0, seen), shown(x, layer));
}

TEST(LayerDataTypes, Float64IsComputedInFloat64) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 4, 2, 4}, torch::kFloat64);
  expect_layer_right(random.normal({2, 5, 8}, torch::kFloat64), layer, 3, kFloat64);
}

TEST(LayerInputs, StayAsTheyWereWithAnyStrides) {
  RandomTensors random;
  kata::Layer layer = random_layer(random, {8, 4, 2, 4});
  layer.wq = random.normal({8, 16}).mul(0.35).t();
  layer.wo = random.normal({8, 32}).mul(0.25).slice(1, 0, 32, 2);
  const torch::Tensor x = random.normal({4, 2, 8}).transpose(0, 1);
  const support::UntouchedInputs guard(shown(x, layer));
  expect_layer_right(x, layer, 0);
  guard.expect_unchanged();
}

TEST(LayerErrors, RefusesBadHeads) {
  for (const BadLayer& bad : layers_with_bad_head_counts()) expect_refused(bad);
  expect_refused({"D = 3", flat_layer(6, 6, 2, 2)});
  expect_refused({"D = 1", flat_layer(4, 2, 4, 2)});
}

TEST(LayerErrors, RefusesWeightsThatDoNotFit) {
  const kata::Layer fits = flat_layer(16, 8, 4, 2);
  kata::Layer bad = fits;
  bad.wk = torch::ones({16, 8});
  expect_refused({"wk of 16 rows, 8 needed", bad});
  bad = fits;
  bad.wv = torch::ones({8, 4});
  expect_refused({"wv of 4 columns, 8 needed", bad});
  bad = fits;
  bad.wo = torch::ones({16, 8});
  expect_refused({"wo stored (in, out)", bad});
}

TEST(SelfAttention, SLOW_LongSequence) {
  RandomTensors random;
  expect_layer_right(random.normal({1, 267, 48}), random_layer(random, {48, 3, 1, 80}), 0);
}
