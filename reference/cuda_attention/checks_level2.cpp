#include <gtest/gtest.h>

#include "heads.h"
#include "level2.h"
#include "oracle.h"

using heads::Layout;
using heads::random_inputs;
using support::DeviceStream;
using support::Inputs;
using support::RandomTensors;

namespace {

struct Layouts {
  Layout q, k, v, out;
};

Layouts contiguous(const Inputs& in) {
  const Layout of_queries = heads::contiguous(in[0].value),
               of_keys = heads::contiguous(in[1].value);
  return {of_queries, of_keys, of_keys, of_queries};
}

void expect_attention(const Inputs& in, const Layouts& layouts, const torch::Tensor& expected) {
  const DeviceStream stream;
  const heads::Operand q(stream, in[0].value, layouts.q), k(stream, in[1].value, layouts.k),
      v(stream, in[2].value, layouts.v), out(stream, in[0].value, layouts.out, /*empty=*/true);
  const auto strides = [](const heads::Operand& operand) {
    return kata::Strides{operand.layout().head, operand.layout().row};
  };
  const bool done = support::ran(stream, in, [&] {
    kata::strided_attention(q.data(), strides(q), k.data(), strides(k), v.data(), strides(v),
                            out.data(), strides(out), in[0].value.size(0), in[0].value.size(1),
                            in[1].value.size(1), in[0].value.size(2), stream.get());
  });
  if (!done) return;
  support::expect_none({q.change("q"), k.change("k"), v.change("v"), out.damage("out")}, in);
  support::expect_close("strided_attention(q, k, v)", out.values(), expected, support::kFloat32,
                        in);
}

void expect_right(const Inputs& in, const Layouts& layouts) {
  expect_attention(in, layouts, oracle::attention(in[0].value, in[1].value, in[2].value));
}

void expect_right(const Inputs& in) {
  expect_right(in, contiguous(in));
}

/// q zero, so that weights are equal, and values of 64 equal numbers.
void expect_means(std::int64_t queries, const std::vector<float>& values,
                  const std::vector<float>& expected) {
  const torch::Tensor v = heads::constant_rows(values, 64);
  const Inputs in{{"q", torch::zeros({1, queries, 64})}, {"k", torch::ones_like(v)}, {"v", v}};
  expect_attention(in, contiguous(in), heads::constant_rows(expected, 64).to(torch::kFloat64));
}

}  // namespace

TEST(Lengths, EXAMPLE_OneQueryThreeKeys) {
  expect_means(1, {1, 2, 6}, {3});
}

TEST(Lengths, EXAMPLE_ThreeQueriesOneKey) {
  expect_means(3, {5}, {0, 0, 5});
}

TEST(Lengths, MoreKeysThanQueries) {
  RandomTensors random;
  for (const int queries : {1, 2, 31, 33, 65}) {
    expect_right(random_inputs(random, 2, queries, queries + 70, 64));
  }
}

TEST(Lengths, MoreQueriesThanKeys) {
  RandomTensors random;
  for (const int keys : {1, 2, 31, 33}) expect_right(random_inputs(random, 1, keys + 67, keys, 64));
}

TEST(Lengths, Equal) {
  RandomTensors random;
  for (const int length : {1, 16, 32, 64, 100, 129}) {
    expect_right(random_inputs(random, 1, length, length, 64));
  }
}

TEST(Lengths, OfNothing) {
  RandomTensors random;
  expect_right(random_inputs(random, 2, 0, 5, 64));
  expect_right(random_inputs(random, 2, 5, 0, 64));
  expect_right(random_inputs(random, 0, 5, 5, 64));
}

TEST(HeadSizes, Of128) {
  RandomTensors random;
  for (const int length : {1, 5, 33, 70}) {
    expect_right(random_inputs(random, 2, length, length + 3, 128));
  }
}

TEST(HeadSizes, TheScaleFollows) {
  RandomTensors random;
  for (const int size : {64, 128}) {
    Inputs in = random_inputs(random, 1, 20, 20, size);
    in[0].value = in[0].value * 3;
    expect_right(in);
  }
}

TEST(Strides, HeadsSideBySide) {
  RandomTensors random;
  for (const int size : {64, 128}) {
    const Inputs in = random_inputs(random, 3, 37, 45, size);
    const Layout of_queries = heads::side_by_side(in[0].value, 0);
    const Layout of_keys = heads::side_by_side(in[1].value, 0);
    expect_right(in, {of_queries, of_keys, of_keys, of_queries});
  }
}

TEST(Strides, OfAllFourDiffer) {
  RandomTensors random;
  const Inputs in = random_inputs(random, 3, 40, 50, 64);
  expect_right(in, {heads::side_by_side(in[0].value, 5),
                    heads::contiguous(in[1].value),
                    heads::side_by_side(in[2].value, 64),
                    {40 * 70 + 9, 70}});
  expect_right(in, {{40 * 66, 66},
                    heads::side_by_side(in[1].value, 3),
                    {50 * 65 + 1, 65},
                    heads::side_by_side(in[0].value, 7)});
}

TEST(Strides, OperandsNeedNoAlignment) {
  RandomTensors random;
  const Inputs in = random_inputs(random, 2, 35, 35, 64);
  for (const int offset : {1, 2, 3}) {
    Layouts layouts = contiguous(in);
    layouts.q.offset = layouts.k.offset = layouts.v.offset = layouts.out.offset = offset;
    expect_right(in, layouts);
  }
}

TEST(Strides, KeysAndValuesShared) {
  RandomTensors random;
  Inputs in = random_inputs(random, 3, 33, 40, 64);
  in[1].value = in[1].value.narrow(0, 0, 1).expand({3, 40, 64}).contiguous();
  Layouts layouts = contiguous(in);
  layouts.k.head = 0;
  expect_right(in, layouts);
}

TEST(Stability, OfLargeProductsAnywhere) {
  RandomTensors random;
  Inputs in = random_inputs(random, 2, 50, 75, 64);
  in[0].value = (in[0].value * 40).round() / 4;
  in[1].value = (in[1].value * 40).round() / 4;
  expect_right(in);
}

TEST(Memory, ScoresOfAnyLengthsAreNotStored) {
  RandomTensors random;
  const Inputs in = random_inputs(random, 1, 150, 190, 64);
  expect_right(in);
  heads::expect_little_memory(150, 190, in);
}

TEST(Barriers, HoldForBothHeadSizes) {
  RandomTensors random;
  for (const int size : {64, 128}) {
    for (int round = 0; round < 3; ++round) {
      expect_right(random_inputs(random, 2, 40, 70, size));
    }
  }
}
