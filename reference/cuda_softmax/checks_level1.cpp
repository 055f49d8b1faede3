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

/// Each entry to about 80 roundings of its own size; half precision is 500 times coarser.
constexpr support::Tolerance kClose{"float32", torch::kFloat32, 1e-9, 1e-5};

/// The attempt on x (rows, columns), against `expected`.
void expect_softmax(const torch::Tensor& x, const torch::Tensor& expected) {
  const Inputs in{{"x", x}};
  const DeviceStream stream;
  const DeviceRows given(stream, x);
  const DeviceRows out(stream, x.size(0), x.size(1), {});
  const bool done = support::ran(stream, in, [&] {
    kata::softmax(given.data(), out.data(), x.size(0), x.size(1), stream.get());
  });
  if (!done) return;
  support::expect_none({given.change("x"), out.damage("y")}, in);
  expect_close("softmax(x)", out.values(), expected, kClose, in);
}

void expect_right(const torch::Tensor& x) {
  expect_softmax(x, oracle::softmax(x));
}

}  // namespace

TEST(Softmax, EXAMPLE_TwoRowsOfTwo) {
  expect_softmax(matrix({{0, 0}, {1, -1}}), matrix({{0.5, 0.5}, {0.8807970780, 0.1192029220}}));
}

TEST(Softmax, EXAMPLE_LargeNumbers) {
  expect_softmax(matrix({{10000, 9999, 9990}}), matrix({{0.73103428, 0.26893250, 3.31893e-5}}));
}

TEST(Shapes, RowsOfAnyWidth) {
  RandomTensors random;
  for (const int columns : {1, 2, 3, 31, 32, 33, 63, 65, 100, 127, 128, 129}) {
    expect_right(random.normal({3, columns}));
  }
}

TEST(Shapes, RowsWiderThanABlock) {
  RandomTensors random;
  for (const int columns : {255, 256, 257, 511, 513, 1000, 1023, 1024, 1025, 3001}) {
    expect_right(random.normal({2, columns}));
  }
}

TEST(Shapes, AnyNumberOfRows) {
  RandomTensors random;
  for (const int rows : {1, 2, 7, 33}) expect_right(random.normal({rows, 40}));
}

TEST(Shapes, MoreRowsThanMostGridsHaveBlocks) {
  RandomTensors random;
  expect_right(random.normal({500, 2}));
}

TEST(Stability, WhenABlockTakesALowRowAfterAHighOne) {
  RandomTensors random;
  torch::Tensor x = random.normal({700, 3}) + 9000;
  x.slice(/*dim=*/0, 200) -= 18000;
  expect_right(x);
}

TEST(Shapes, NoRows) {
  expect_right(torch::empty({0, 5}));
}

TEST(Stability, OfLargeNumbers) {
  RandomTensors random;
  expect_right(random.normal({4, 300}) * 2000);
  expect_right(random.normal({4, 300}) + 9000);
}

TEST(Stability, OfRowsThatAreNegativeThroughout) {
  RandomTensors random;
  expect_right(random.normal({4, 70}) - 9000);
  expect_right(random.normal({4, 300}) - 200);
}

TEST(Stability, WhereverTheLargestEntryIs) {
  for (const int columns : {40, 300}) {
    for (const int place : {0, 1, 17, 31, 33, columns - 1}) {
      torch::Tensor x = torch::zeros({1, columns});
      x[0][place % columns] = 50;
      expect_right(x);
    }
  }
}

TEST(Barriers, HoldInWhateverOrderThreadsRun) {
  RandomTensors random;
  for (int round = 0; round < 12; ++round) expect_right(random.normal({6, 280}) * 30);
}

TEST(Barriers, HoldWhenABlockTakesSeveralRows) {
  RandomTensors random;
  expect_right(random.normal({300, 34}) * 20);
}
