#include <gtest/gtest.h>

#include "heads.h"
#include "level1.h"
#include "oracle.h"

using support::DeviceStream;
using support::Inputs;
using support::RandomTensors;

namespace {

constexpr std::int64_t kSize = 64;

void expect_attention(const Inputs& in, const torch::Tensor& expected) {
  const torch::Tensor& shape = in[0].value;
  const heads::Layout layout = heads::contiguous(shape);
  const DeviceStream stream;
  const heads::Operand q(stream, in[0].value, layout), k(stream, in[1].value, layout),
      v(stream, in[2].value, layout), out(stream, shape, layout, /*empty=*/true);
  const bool done = support::ran(stream, in, [&] {
    kata::causal_attention(q.data(), k.data(), v.data(), out.data(), shape.size(0), shape.size(1),
                           stream.get());
  });
  if (!done) return;
  support::expect_none({q.change("q"), k.change("k"), v.change("v"), out.damage("out")}, in);
  support::expect_close("causal_attention(q, k, v)", out.values(), expected, support::kFloat32, in);
}

void expect_right(const Inputs& in) {
  expect_attention(in, oracle::attention(in[0].value, in[1].value, in[2].value));
}

Inputs random_inputs(RandomTensors& random, std::int64_t head_count, std::int64_t length) {
  return heads::random_inputs(random, head_count, length, length, kSize);
}

torch::Tensor constant_rows(const std::vector<float>& values) {
  return heads::constant_rows(values, kSize);
}

}  // namespace

TEST(Attention, EXAMPLE_EqualWeights) {
  expect_attention(
      {{"q", constant_rows({0, 0})}, {"k", constant_rows({1, -1})}, {"v", constant_rows({2, 4})}},
      constant_rows({2, 3}).to(torch::kFloat64));
}

TEST(Attention, EXAMPLE_TwoProducts) {
  torch::Tensor q = torch::zeros({1, 2, kSize});
  q[0][1][0] = 4;
  expect_attention({{"q", q}, {"k", q.clone()}, {"v", constant_rows({1, 0})}},
                   constant_rows({1, 0.1192029220F}).to(torch::kFloat64));
}

TEST(Attention, OfAnyLength) {
  RandomTensors random;
  for (const int length : {1, 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65}) {
    expect_right(random_inputs(random, 2, length));
  }
}

TEST(Attention, OfSeveralTiles) {
  RandomTensors random;
  for (const int length : {100, 127, 128, 129, 200}) expect_right(random_inputs(random, 1, length));
}

TEST(Attention, OfSeveralHeads) {
  RandomTensors random;
  for (const int count : {1, 3, 7}) expect_right(random_inputs(random, count, 40));
}

TEST(Attention, OfNothing) {
  RandomTensors random;
  expect_right(random_inputs(random, 0, 5));
  expect_right(random_inputs(random, 3, 0));
}

TEST(CausalMask, LaterPositionsDoNotMatter) {
  RandomTensors random;
  Inputs in = random_inputs(random, 1, 70);
  const torch::Tensor before = oracle::attention(in[0].value, in[1].value, in[2].value);
  in[1].value.narrow(1, 50, 20).fill_(9);
  in[2].value.narrow(1, 50, 20).fill_(1000);
  const torch::Tensor after = oracle::attention(in[0].value, in[1].value, in[2].value);
  expect_attention(in, torch::cat({before.narrow(1, 0, 50), after.narrow(1, 50, 20)}, 1));
}

TEST(Stability, OfLargeProducts) {
  RandomTensors random;
  Inputs in = random_inputs(random, 2, 90);
  // Multiples of 1/4: the products are exact in float32.
  in[0].value = (in[0].value * 40).round() / 4;
  in[1].value = (in[1].value * 40).round() / 4;
  expect_right(in);
}

TEST(Stability, OfProductsThatRiseAndFall) {
  std::vector<float> rising, falling;
  for (int i = 0; i < 80; ++i) {
    rising.push_back(static_cast<float>(i) / 8);
    falling.push_back(static_cast<float>(80 - i) / 8);
  }
  const std::vector<float> ones(80, 1);
  RandomTensors random;
  for (const auto& keys : {rising, falling}) {
    expect_right({{"q", constant_rows(ones)},
                  {"k", constant_rows(keys)},
                  {"v", random.normal({1, 80, kSize})}});
  }
}

TEST(Stability, OfProductsThatAreNegativeThroughout) {
  RandomTensors random;
  Inputs in = random_inputs(random, 1, 70);
  in[0].value = torch::full({1, 70, kSize}, 8.0F);
  in[1].value = -8 - (in[1].value * 4).round().abs() / 4;
  expect_right(in);
}

TEST(Memory, ScoresAreNotStored) {
  RandomTensors random;
  const Inputs in = random_inputs(random, 1, 160);
  expect_right(in);
  heads::expect_little_memory(160, 160, in);
}

TEST(Barriers, HoldInWhateverOrderThreadsRun) {
  RandomTensors random;
  for (int round = 0; round < 4; ++round) expect_right(random_inputs(random, 2, 75));
}
