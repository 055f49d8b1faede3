#include <gtest/gtest.h>

#include <limits>

#include "level2.h"
#include "selection.h"
#include "support/random_tensors.h"

using support::DeviceRows;
using support::matrix;
using support::RandomTensors;
using Layout = support::DeviceRows::Layout;

namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

void expect_top(const torch::Tensor& x, std::int64_t k, Layout layout,
                const oracle::TopK& expected) {
  const auto attempt = [&](const DeviceRows& given, float* values, std::int32_t* indices,
                           cudaStream_t stream) {
    kata::top_k_rows(given.data(), given.stride(), values, indices, x.size(0), x.size(1), k,
                     stream);
  };
  selection::expect_selected(x, k, layout, expected, attempt);
}

void expect_right(const torch::Tensor& x, std::int64_t k, Layout layout = {}) {
  expect_top(x, k, layout, oracle::top_k(x, k));
}

}  // namespace

TEST(Strides, EXAMPLE_RowsThatLieApart) {
  expect_top(matrix({{1, 2}, {4, 3}}), 1, {.stride = 3}, {matrix({{2}, {4}}), matrix({{1}, {0}})});
}

TEST(Infinities, EXAMPLE_FewerFiniteThanAskedFor) {
  expect_top(matrix({{kLowest, 7, kLowest, kLowest}}), 3, {},
             {matrix({{7, kLowest, kLowest}}), matrix({{1, 0, 2}})});
}

TEST(Strides, OfAnySize) {
  RandomTensors random;
  for (const int columns : {1, 30, 257, 1000}) {
    expect_right(random.normal({5, columns}), std::min(columns, 9), {.stride = columns + 7});
    expect_right(random.normal({5, columns}), std::min(columns, 9),
                 {.stride = 2 * columns, .offset = 1});
  }
}

TEST(Strides, NoRows) {
  expect_right(torch::empty({0, 5}), 2, {.stride = 9});
}

TEST(Sizes, OfKUpTo256) {
  RandomTensors random;
  for (const int k : {1, 2, 3, 63, 64, 65, 100, 129, 255, 256}) {
    expect_right(random.normal({3, 700}), k);
  }
}

TEST(Sizes, OfAllThatARowHas) {
  RandomTensors random;
  for (const int columns : {1, 2, 33, 255, 256}) expect_right(random.normal({2, columns}), columns);
}

TEST(Order, OfNumbersOfAllSizesAndSigns) {
  RandomTensors random;
  const torch::Tensor sizes = torch::linspace(-85, 85, 600).exp();
  expect_right(random.normal({3, 600}) * sizes, 200);
  expect_right(random.normal({3, 600}).abs().neg() * sizes, 200);
}

TEST(Order, OfNumbersThatDifferInTheLastBits) {
  RandomTensors random;
  const torch::Tensor steps = (random.normal({3, 500}) * 300).round();
  expect_right(1.5 + steps * 1.1920929e-7, 120);
  expect_right(-(1.5 + steps * 1.1920929e-7), 120);
}

TEST(Ties, OfFewDifferentEntries) {
  RandomTensors random;
  expect_right(random.normal({4, 900}).round(), 150);
  expect_right((random.normal({4, 5000}) * 0.4).round(), 256);
}

TEST(Ties, OfARowOfOneNumber) {
  for (const int columns : {300, 70'000}) expect_right(torch::full({1, columns}, 0.25), 200);
}

TEST(Ties, MinusZeroEqualsZero) {
  RandomTensors random;
  const torch::Tensor signs =
      torch::where(random.coins({2, 400}), torch::tensor(0.0F), torch::tensor(-0.0F));
  expect_right(signs, 50);
}

TEST(Infinities, AmongOthers) {
  RandomTensors random;
  const torch::Tensor x = random.normal({4, 600});
  expect_right(x.masked_fill(random.coins({4, 600}, 0.9), kLowest), 100);
  expect_right(x.masked_fill(random.coins({4, 600}), kLowest), 100);
}

TEST(Infinities, OfAWholeRow) {
  RandomTensors random;
  torch::Tensor x = random.normal({3, 300});
  x[1].fill_(kLowest);
  expect_right(x, 70);
}

TEST(WideRows, OfAVocabulary) {
  RandomTensors random;
  expect_right(random.normal({2, 131'075}), 50, {.stride = 131'077});
}

TEST(WideRows, AreSharedByManyThreads) {
  constexpr std::int64_t kRows = 16;
  RandomTensors random;
  const std::size_t before = support::device().launches().size();
  const torch::Tensor x = random.normal({kRows, 4096});
  expect_right(x, 20);
  const std::vector<support::LaunchRecord> launches = support::device().launches();
  if (launches.size() - before > 3) support::fail("more than three kernels were launched");
  for (std::size_t i = before; i < launches.size(); ++i) {
    const std::int64_t threads = launches[i].blocks * launches[i].threads;
    if (threads >= kRows * 128) continue;
    support::fail("a launch has " + std::to_string(threads) +
                  " threads for 16 rows of 4096 columns; 128 or more are to share a row");
  }
}

TEST(Barriers, HoldForAnyWidth) {
  RandomTensors random;
  for (int round = 0; round < 6; ++round) {
    expect_right(random.normal({3, 40}), 17);
    expect_right(random.normal({3, 900}), 130);
  }
}

TEST(Barriers, HoldWhenABlockTakesSeveralRows) {
  RandomTensors random;
  expect_right(random.normal({300, 64}), 20, {.stride = 65});
}
