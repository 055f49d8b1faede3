#include <gtest/gtest.h>

#include <limits>

#include "level2.h"
#include "oracle.h"
#include "support/device_rows.h"
#include "support/random_tensors.h"

using support::DeviceRows;
using support::DeviceStream;
using support::expect_close;
using support::Inputs;
using support::matrix;
using support::RandomTensors;
using Layout = support::DeviceRows::Layout;

namespace {

constexpr support::Tolerance kClose{"float32", torch::kFloat32, 1e-9, 1e-5};
constexpr float kHidden = -std::numeric_limits<float>::infinity();
constexpr std::int64_t kWide = 4096;  // from here on a row is shared by many threads
constexpr std::int64_t kLaunchesMax = 3;

/// What the contract says of the launches, where the device tells of them.
void expect_workmanlike(const torch::Tensor& x, const Inputs& in) {
  const auto launches = static_cast<std::int64_t>(support::device().launches().size());
  if (launches > kLaunchesMax) {
    support::fail(std::to_string(launches) + " kernels were launched; at most 3 may be", in);
  }
  const std::int64_t scratch = static_cast<std::int64_t>(support::device().allocated_by_attempt());
  if (scratch > x.numel() / 16 * static_cast<std::int64_t>(sizeof(float)) + 4096) {
    support::fail(std::to_string(scratch) + " bytes of scratch memory were allocated", in);
  }
}

/// The attempt on x (rows, columns) in these layouts, against `expected`.
void expect_rows(const torch::Tensor& x, Layout in_layout, Layout out_layout,
                 const torch::Tensor& expected) {
  const Inputs in{{"x", x}};
  const DeviceStream stream;
  const DeviceRows given(stream, x, in_layout);
  const DeviceRows out(stream, x.size(0), x.size(1), out_layout);
  const bool done = support::ran(stream, in, [&] {
    kata::softmax_rows(given.data(), given.stride(), out.data(), out.stride(), x.size(0), x.size(1),
                       stream.get());
  });
  if (!done) return;
  support::expect_none({given.change("x"), out.damage("y")}, in);
  expect_close("softmax_rows(x)", out.values(), expected, kClose, in);
}

void expect_right(const torch::Tensor& x, Layout in_layout = {}, Layout out_layout = {}) {
  expect_rows(x, in_layout, out_layout, oracle::softmax(x));
}

/// x with the entries hidden where `hidden` is true.
torch::Tensor masked(const torch::Tensor& x, const torch::Tensor& hidden) {
  return x.masked_fill(hidden, kHidden);
}

}  // namespace

TEST(Strides, EXAMPLE_RowsThatLieApart) {
  expect_rows(matrix({{0, 0}, {1, -1}}), {.stride = 4}, {.stride = 3},
              matrix({{0.5, 0.5}, {0.8807970780, 0.1192029220}}));
}

TEST(Masks, EXAMPLE_HiddenEntries) {
  expect_rows(matrix({{kHidden, 0, 0}, {kHidden, kHidden, kHidden}}), {}, {},
              matrix({{0, 0.5, 0.5}, {0, 0, 0}}));
}

TEST(Strides, OfInputAndOutputDiffer) {
  RandomTensors random;
  for (const int columns : {1, 30, 129, 700}) {
    expect_right(random.normal({5, columns}), {.stride = columns + 7}, {.stride = columns + 3});
    expect_right(random.normal({11, columns}), {}, {.stride = 2 * columns});
    expect_right(random.normal({5, columns}), {.stride = 2 * columns}, {});
  }
}

TEST(Strides, RowsNeedNoAlignment) {
  RandomTensors random;
  for (const int offset : {1, 2, 3}) {
    expect_right(random.normal({3, 67}), {.stride = 69, .offset = offset}, {.offset = 1});
    expect_right(random.normal({3, 1024}), {.stride = 1024, .offset = offset}, {.offset = 2});
    expect_right(random.normal({3, 1025}), {}, {.offset = offset});
  }
}

TEST(Strides, InPlace) {
  RandomTensors random;
  for (const int columns : {9, 600, 5000}) {
    const torch::Tensor x = random.normal({3, columns});
    const Inputs in{{"x", x}};
    const DeviceStream stream;
    const DeviceRows both(stream, x, {.stride = columns + 2});
    const bool done = support::ran(stream, in, [&] {
      kata::softmax_rows(both.data(), both.stride(), both.data(), both.stride(), 3, columns,
                         stream.get());
    });
    if (!done) return;
    support::expect_none({both.damage("x")}, in);
    expect_close("softmax_rows(x), in place,", both.values(), oracle::softmax(x), kClose, in);
  }
}

TEST(Strides, NoRows) {
  expect_right(torch::empty({0, 5}), {.stride = 9});
}

TEST(Masks, OfRandomEntries) {
  RandomTensors random;
  for (const int columns : {20, 300, 5000}) {
    expect_right(masked(random.normal({4, columns}) * 10, random.coins({4, columns})));
  }
}

TEST(Masks, OfAllButOneEntry) {
  for (const int columns : {33, 700, 4097}) {
    for (const int place : {0, 31, columns / 2, columns - 1}) {
      torch::Tensor x = torch::full({1, columns}, kHidden);
      x[0][place % columns] = -700;
      expect_right(x);
    }
  }
}

TEST(Masks, OfWholeRowsAmongOthers) {
  RandomTensors random;
  for (const int columns : {5, 513, 4100}) {
    torch::Tensor x = random.normal({5, columns});
    x[1].fill_(kHidden);
    x[4].fill_(kHidden);
    expect_right(x);
  }
}

TEST(Masks, OfTheBeginning) {
  RandomTensors random;
  for (const int columns : {64, 2000}) {
    torch::Tensor x = random.normal({3, columns});
    x.narrow(1, 0, columns - 5).fill_(kHidden);
    expect_right(x);
  }
}

TEST(Stability, OfLargeEntries) {
  RandomTensors random;
  for (const int columns : {60, 800, 6000}) {
    expect_right(random.normal({3, columns}) * 2500);
    expect_right(random.normal({3, columns}) - 9000);
  }
}

TEST(Stability, OfRowsThatRiseAndFall) {
  for (const int columns : {50, 1500, 9000}) {
    const torch::Tensor rising = torch::linspace(-60, 60, columns).unsqueeze(0);
    expect_right(torch::cat({rising, rising.flip({1})}));
  }
}

TEST(WideRows, OfAVocabulary) {
  RandomTensors random;
  const torch::Tensor x = random.normal({2, 131'075}) * 3;
  expect_right(x, {.stride = 131'080}, {.stride = 131'077});
  expect_workmanlike(x, {{"x", x}});
}

TEST(WideRows, AreSharedByManyThreads) {
  constexpr std::int64_t kRows = 16;
  RandomTensors random;
  for (const std::int64_t columns : {kWide, std::int64_t{9001}}) {
    const std::size_t before = support::device().launches().size();
    const torch::Tensor x = random.normal({kRows, columns});
    expect_right(x);
    const std::vector<support::LaunchRecord> launches = support::device().launches();
    for (std::size_t i = before; i < launches.size(); ++i) {
      const std::int64_t threads = launches[i].blocks * launches[i].threads;
      if (threads >= kRows * 128) continue;
      support::fail("a launch has " + std::to_string(threads) + " threads for " +
                        std::to_string(kRows) + " rows of " + std::to_string(columns) +
                        " columns; 128 or more are to share a row",
                    {{"x", x}});
    }
  }
}

TEST(Barriers, HoldForNarrowAndWideRows) {
  RandomTensors random;
  for (int round = 0; round < 8; ++round) {
    expect_right(random.normal({5, 40}) * 30);
    expect_right(random.normal({5, 1100}) * 30);
  }
}

TEST(Barriers, HoldWhenABlockTakesSeveralWideRows) {
  RandomTensors random;
  expect_right(random.normal({290, 520}) * 5, {.stride = 521});
}
