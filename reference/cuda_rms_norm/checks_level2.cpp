#include <gtest/gtest.h>

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

constexpr support::Tolerance kClose{"float32", torch::kFloat32, 1e-7, 1e-5};
constexpr float kEpsilon = 1e-5F;

struct Layouts {
  Layout residual = {};
  Layout x = {};
  Layout y = {};
  Layout weight = {};
};

/// One call; an undefined weight is passed as null. With `in_place` y is x.
struct Case {
  torch::Tensor residual;
  torch::Tensor x;
  torch::Tensor weight;
  Layouts layouts = {};
  float epsilon = kEpsilon;
  bool in_place = false;
};

void expect_fused(const Case& given, const torch::Tensor& sum, const torch::Tensor& norm) {
  Inputs in{{"residual", given.residual}, {"x", given.x}};
  if (given.weight.defined()) in.push_back({"weight", given.weight});
  const std::int64_t rows = given.x.size(0), columns = given.x.size(1);
  const DeviceStream stream;
  const DeviceRows residual(stream, given.residual, given.layouts.residual);
  const DeviceRows x(stream, given.x, given.layouts.x);
  const DeviceRows other(stream, rows, columns, given.layouts.y);
  const DeviceRows& y = given.in_place ? x : other;
  const DeviceRows factors(stream,
                           given.weight.defined() ? given.weight.unsqueeze(0) : torch::ones({1, 1}),
                           given.layouts.weight);
  const bool done = support::ran(stream, in, [&] {
    kata::add_rms_norm(residual.data(), residual.stride(), x.data(), x.stride(),
                       given.weight.defined() ? factors.data() : nullptr, y.data(), y.stride(),
                       rows, columns, given.epsilon, stream.get());
  });
  if (!done) return;
  support::expect_none({residual.damage("residual"), y.damage("y"), factors.change("weight"),
                        given.in_place ? "" : x.change("x")},
                       in);
  expect_close("the residual", residual.values(), sum, support::kExact32, in);
  expect_close("add_rms_norm(residual, x)", y.values(), norm, kClose, in);
}

void expect_right(const Case& given) {
  const torch::Tensor sum = given.residual + given.x;  // exact: one rounding, the float's own
  expect_fused(given, sum.to(torch::kFloat64), oracle::rms_norm(sum, given.weight, given.epsilon));
}

Case random_case(RandomTensors& random, std::int64_t rows, std::int64_t columns,
                 const Layouts& layouts = {}) {
  return {random.normal({rows, columns}) * 3, random.normal({rows, columns}),
          random.normal({columns}), layouts};
}

}  // namespace

TEST(Fusion, EXAMPLE_ThreeAndFour) {
  expect_fused({matrix({{1, 1}}), matrix({{2, 3}}), matrix({{1, 2}})[0], {}, 1e-6F},
               matrix({{3, 4}}).to(torch::kFloat64), matrix({{0.84852810, 2.2627416}}));
}

TEST(Fusion, EXAMPLE_NoWeight) {
  expect_fused({matrix({{0, 0}}), matrix({{1, -1}}), {}, {}, 3},
               matrix({{1, -1}}).to(torch::kFloat64), matrix({{0.5, -0.5}}));
}

TEST(Fusion, NormalisesWhatItHasStored) {
  RandomTensors random;
  for (const int columns : {5, 64, 300, 1000}) {
    Case given = random_case(random, 4, columns);
    given.residual = given.residual * 1000;  // the sum is rounded
    expect_right(given);
  }
}

TEST(Fusion, WithoutAWeight) {
  RandomTensors random;
  for (const int columns : {7, 260, 1024}) {
    Case given = random_case(random, 3, columns);
    given.weight = torch::Tensor();
    expect_right(given);
  }
}

TEST(Fusion, InPlace) {
  RandomTensors random;
  for (const int columns : {9, 600, 1024}) {
    Case given = random_case(random, 3, columns, {{}, {.stride = columns + 4}, {}});
    given.in_place = true;
    expect_right(given);
  }
}

TEST(Strides, OfAllThreeDiffer) {
  RandomTensors random;
  for (const int columns : {1, 30, 129, 700}) {
    expect_right(
        random_case(random, 5, columns,
                    {{.stride = columns + 7}, {.stride = columns + 3}, {.stride = columns + 1}}));
    expect_right(random_case(random, 5, columns,
                             {{}, {.stride = 2 * columns}, {.stride = 2 * columns + 4}}));
  }
}

TEST(Strides, MultiplesOfFour) {
  RandomTensors random;
  for (const int columns : {4, 64, 1000, 1024}) {
    expect_right(
        random_case(random, 5, columns,
                    {{.stride = columns + 8}, {.stride = columns + 4}, {.stride = columns + 12}}));
  }
}

TEST(Strides, WidthsThatAreNoMultipleOfFour) {
  RandomTensors random;
  for (const int columns : {1, 2, 3, 6, 67, 1021, 1026}) {
    const Layout wide{.stride = (columns + 7) / 4 * 4};
    expect_right(random_case(random, 4, columns, {wide, wide, wide}));
  }
}

TEST(Strides, RowsNeedNoAlignment) {
  RandomTensors random;
  for (const int offset : {1, 2, 3}) {
    expect_right(
        random_case(random, 3, 64, {{.offset = offset}, {.offset = offset}, {.offset = offset}}));
    expect_right(random_case(random, 3, 1024, {{}, {}, {.offset = offset}}));
    expect_right(random_case(random, 3, 1024, {{}, {.offset = offset}, {}}));
    expect_right(random_case(random, 3, 1024, {{.offset = offset}, {}, {}}));
    expect_right(random_case(random, 3, 1024, {.weight = {.offset = offset}}));
  }
}

TEST(Strides, NoRows) {
  expect_right({torch::empty({0, 5}), torch::empty({0, 5}), torch::ones({5})});
}

TEST(Launches, OneForAll) {
  RandomTensors random;
  for (const int columns : {8, 513, 5000}) {
    const Case given = random_case(random, 5, columns);
    const std::size_t before = support::device().launches().size();
    expect_right(given);
    const std::size_t launches = support::device().launches().size() - before;
    if (launches > 1) {
      support::fail(std::to_string(launches) + " kernels were launched; one is enough",
                    {{"x", given.x}});
    }
  }
}

TEST(WideRows, AreSharedByManyThreads) {
  constexpr std::int64_t kRows = 16;
  RandomTensors random;
  for (const std::int64_t columns : {4096, 9001}) {
    const Case given = random_case(random, kRows, columns);
    const std::size_t before = support::device().launches().size();
    expect_right(given);
    const std::vector<support::LaunchRecord> launches = support::device().launches();
    for (std::size_t i = before; i < launches.size(); ++i) {
      const std::int64_t threads = launches[i].blocks * launches[i].threads;
      if (threads >= kRows * 128) continue;
      support::fail("a launch has " + std::to_string(threads) + " threads for 16 rows of " +
                        std::to_string(columns) + " columns; 128 or more are to share a row",
                    {{"x", given.x}});
    }
  }
}

TEST(WideRows, OfAHundredThousandColumns) {
  RandomTensors random;
  expect_right(random_case(random, 2, 131'075, {{.stride = 131'080}, {}, {.stride = 131'077}}));
}

TEST(Barriers, HoldWhenABlockFusesSeveralRows) {
  RandomTensors random;
  const torch::Tensor sizes = torch::arange(290).unsqueeze(1) % 7 + 1;
  Case given = random_case(random, 290, 272);
  given.x = given.x * sizes;
  expect_right(given);
}
