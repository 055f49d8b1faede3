#include <gtest/gtest.h>

#include <limits>

#include "level1.h"
#include "selection.h"
#include "support/random_tensors.h"

using support::DeviceRows;
using support::matrix;
using support::RandomTensors;

namespace {

void expect_top(const torch::Tensor& x, std::int64_t k, const oracle::TopK& expected) {
  const auto attempt = [&](const DeviceRows& given, float* values, std::int32_t* indices,
                           cudaStream_t stream) {
    kata::top_k(given.data(), values, indices, x.size(0), x.size(1), k, stream);
  };
  selection::expect_selected(x, k, {}, expected, attempt);
}

void expect_right(const torch::Tensor& x, std::int64_t k) {
  expect_top(x, k, oracle::top_k(x, k));
}

}  // namespace

TEST(TopK, EXAMPLE_TwoOfFour) {
  expect_top(matrix({{1, 5, 3, 4}}), 2, {matrix({{5, 4}}), matrix({{1, 3}})});
}

TEST(Ties, EXAMPLE_LowerColumnsFirst) {
  expect_top(matrix({{-1, -2, -1, -1}}), 3, {matrix({{-1, -1, -1}}), matrix({{0, 2, 3}})});
}

TEST(TopK, OfRowsOfAnyWidth) {
  RandomTensors random;
  for (const int columns : {1, 2, 31, 32, 33, 100, 255, 256, 257, 1000, 1025}) {
    expect_right(random.normal({3, columns}), std::min(columns, 7));
  }
}

TEST(TopK, OfAnySize) {
  RandomTensors random;
  for (const int k : {1, 2, 5, 31, 32, 33, 64}) expect_right(random.normal({2, 300}), k);
}

TEST(TopK, OfAllThatARowHas) {
  RandomTensors random;
  for (const int columns : {1, 5, 33, 64}) expect_right(random.normal({3, columns}), columns);
}

TEST(TopK, OfNegativeRows) {
  RandomTensors random;
  expect_right(random.normal({3, 70}) - 100, 6);
  expect_right(random.normal({3, 300}) * 1e30 - 3e30, 6);
}

TEST(TopK, WhereverTheLargestStand) {
  for (const int first : {0, 30, 250, 290}) {
    torch::Tensor x = torch::zeros({1, 300});
    for (int i = 0; i < 10; ++i) x[0][(first + i * i) % 300] = 10 + (i * 7) % 10;
    expect_right(x, 9);
  }
}

TEST(Ties, OfFewDifferentNumbers) {
  RandomTensors random;
  expect_right((random.normal({4, 40}) * 1.5).round(), 20);
  expect_right((random.normal({4, 700})).round(), 30);
}

TEST(Ties, OfZerosOfEitherSign) {
  const torch::Tensor x = matrix({{-1, -0.0, 0, -0.0, 0, -2}});
  expect_right(x, 4);
  expect_right(x.repeat({3, 50}), 33);
}

TEST(TopK, OfTheLargestFloatsThereAre) {
  constexpr float kMost = std::numeric_limits<float>::max();
  for (const int place : {0, 1, 40, 299}) {
    torch::Tensor x = torch::full({2, 300}, -kMost);
    x[0][place] = kMost;
    x[1][place] = 0;
    expect_right(x, 5);
  }
}

TEST(Ties, OfARowOfEquals) {
  for (const int columns : {40, 600}) expect_right(torch::full({2, columns}, -3.5), 33);
}

TEST(Shapes, AnyNumberOfRows) {
  RandomTensors random;
  for (const int rows : {1, 2, 33, 290}) expect_right(random.normal({rows, 20}), 3);
}

TEST(Shapes, NoRows) {
  expect_right(torch::empty({0, 5}), 2);
}

TEST(Barriers, HoldInWhateverOrderThreadsRun) {
  RandomTensors random;
  for (int round = 0; round < 10; ++round) expect_right(random.normal({4, 290}), 5);
}
