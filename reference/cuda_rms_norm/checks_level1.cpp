#include <gtest/gtest.h>

#include "level1.h"
#include "oracle.h"
#include "support/device_rows.h"
#include "support/random_tensors.h"

using support::DeviceRows;
using support::DeviceStream;
using support::expect_close;
using support::Inputs;
using support::matrix;
using support::RandomTensors;

namespace {

/// Each entry to about 80 roundings of its own size; half precision is 50 times coarser.
constexpr support::Tolerance kClose{"float32", torch::kFloat32, 1e-7, 1e-5};
constexpr float kEpsilon = 1e-5F;

void expect_norm(const torch::Tensor& x, const torch::Tensor& weight, float epsilon,
                 const torch::Tensor& expected) {
  const Inputs in{{"x", x}, {"weight", weight}};
  const DeviceStream stream;
  const DeviceRows given(stream, x);
  const DeviceRows factors(stream, weight.unsqueeze(0));
  const DeviceRows out(stream, x.size(0), x.size(1), {});
  const bool done = support::ran(stream, in, [&] {
    kata::rms_norm(given.data(), factors.data(), out.data(), x.size(0), x.size(1), epsilon,
                   stream.get());
  });
  if (!done) return;
  support::expect_none({given.change("x"), factors.change("weight"), out.damage("y")}, in);
  expect_close("rms_norm(x)", out.values(), expected, kClose, in);
}

void expect_right(const torch::Tensor& x, const torch::Tensor& weight, float epsilon = kEpsilon) {
  expect_norm(x, weight, epsilon, oracle::rms_norm(x, weight, epsilon));
}

}  // namespace

TEST(RmsNorm, EXAMPLE_ThreeAndFour) {
  expect_norm(matrix({{3, 4}}), matrix({{1, 2}})[0], 1e-6F, matrix({{0.84852810, 2.2627416}}));
}

TEST(RmsNorm, EXAMPLE_LargeEpsilon) {
  expect_norm(matrix({{1, -1}, {0, 0}}), matrix({{1, 1}})[0], 3, matrix({{0.5, -0.5}, {0, 0}}));
}

TEST(RmsNorm, EpsilonStandsInsideTheRoot) {
  RandomTensors random;
  for (const float epsilon : {0.01F, 1.0F, 100.0F}) {
    expect_right(random.normal({3, 90}), random.normal({90}), epsilon);
    expect_right(random.normal({3, 300}) * 0.01, random.normal({300}), epsilon);
  }
}

TEST(RmsNorm, NoMeanIsSubtracted) {
  RandomTensors random;
  expect_right(random.normal({3, 200}) + 5, random.normal({200}));
}

TEST(RmsNorm, OfLargeAndSmallRows) {
  RandomTensors random;
  expect_right(random.normal({4, 500}) * 250'000, random.normal({500}));
  expect_right(random.normal({4, 500}) * 1e-4, random.normal({500}), 1e-12F);
}

TEST(Shapes, RowsOfAnyWidth) {
  RandomTensors random;
  for (const int columns : {1, 2, 3, 31, 32, 33, 63, 65, 100, 127, 129, 255, 256}) {
    expect_right(random.normal({3, columns}), random.normal({columns}));
  }
}

TEST(Shapes, RowsWiderThanABlock) {
  RandomTensors random;
  for (const int columns : {257, 511, 513, 1000, 1024, 1025, 3001}) {
    expect_right(random.normal({2, columns}), random.normal({columns}));
  }
}

TEST(Shapes, AnyNumberOfRows) {
  RandomTensors random;
  for (const int rows : {1, 2, 7, 33, 290}) {
    expect_right(random.normal({rows, 40}), random.normal({40}));
  }
}

TEST(Shapes, NoRows) {
  expect_right(torch::empty({0, 5}), torch::ones({5}));
}

TEST(Barriers, HoldInWhateverOrderThreadsRun) {
  RandomTensors random;
  for (int round = 0; round < 12; ++round) {
    expect_right(random.normal({6, 280}) * (round + 1), random.normal({280}));
  }
}

TEST(Barriers, HoldWhenABlockTakesSeveralRows) {
  RandomTensors random;
  const torch::Tensor sizes = torch::arange(290).unsqueeze(1) % 7 + 1;
  expect_right(random.normal({290, 270}) * sizes, random.normal({270}));
}
