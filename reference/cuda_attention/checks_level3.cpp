#include <gtest/gtest.h>

#include "heads.h"
#include "level3.h"
#include "oracle.h"

using support::DeviceArray;
using support::DeviceRows;
using support::DeviceStream;
using support::Inputs;
using support::RandomTensors;

namespace {

constexpr std::int64_t kSize = 128;
constexpr std::int64_t kLongCache = 4096;  // from here on the contract asks for many blocks
constexpr std::size_t kLaunchesMax = 3;
constexpr std::int64_t kBlocksMin = 16;  // of a head of a long cache

/// What a call may find.
struct Surroundings {
  int calls = 1;            // in a row, each with what the one before has left in scratch memory
  std::int64_t offset = 0;  // floats by which all operands are off a 256-byte boundary
  bool nan_in_scratch = false;
};

DeviceArray<float> scratch_memory(const DeviceStream& stream, std::int64_t count, bool nan) {
  if (!nan) return {stream, count};
  return {stream, std::vector<float>(static_cast<std::size_t>(count), std::nanf(""))};
}

/// in: q (heads, group, kSize), k and v (heads, keys, kSize).
void expect_attention(const Inputs& in, const torch::Tensor& expected, Surroundings around = {}) {
  const std::int64_t head_count = in[0].value.size(0), group = in[0].value.size(1),
                     keys = in[1].value.size(1);
  const auto rows = [](const torch::Tensor& x) { return x.reshape({-1, kSize}); };
  const DeviceRows::Layout layout{.offset = around.offset};
  const DeviceStream stream;
  const DeviceRows q(stream, rows(in[0].value), layout), k(stream, rows(in[1].value), layout),
      v(stream, rows(in[2].value), layout), out(stream, head_count * group, kSize, layout);
  const DeviceArray<float> scratch =
      scratch_memory(stream, head_count * group * kata::kDecodeScratch, around.nan_in_scratch);
  const bool done = support::ran(stream, in, [&] {
    for (int call = 0; call < around.calls; ++call) {
      kata::decode_attention(q.data(), k.data(), v.data(), out.data(), scratch.data(), head_count,
                             group, keys, stream.get());
    }
  });
  if (!done) return;
  support::expect_none({q.change("q"), k.change("k"), v.change("v"), out.damage("out"),
                        scratch.guard_damage("scratch")},
                       in);
  support::expect_close("decode_attention(q, k, v)", out.values().view(in[0].value.sizes()),
                        expected, support::kFloat32, in);
}

void expect_right(const Inputs& in, Surroundings around = {}) {
  expect_attention(in, oracle::decode(in[0].value, in[1].value, in[2].value), around);
}

Inputs random_inputs(RandomTensors& random, std::int64_t head_count, std::int64_t group,
                     std::int64_t keys) {
  return heads::random_inputs(random, head_count, group, keys, kSize);
}

torch::Tensor constant_rows(const std::vector<float>& values) {
  return heads::constant_rows(values, kSize);
}

/// Products around `middle` · 45 that are equal, or 22 or more apart: 1/√128 is no float, so
/// weights of large products that lie nearer would not be the same for all who are right.
void expect_ties_around(double middle) {
  RandomTensors random;
  Inputs in = random_inputs(random, 2, 2, 300);
  // One number each: products are then rounded alike in whatever order numbers are added.
  in[0].value.zero_();
  in[0].value.select(2, 0).fill_(2 * kSize);
  in[0].value.select(1, 1).select(1, 0).fill_(kSize);
  const torch::Tensor steps = (random.normal({2, 300, 1}) * 3).round().clamp(-8, 8) + middle;
  in[1].value.select(2, 0).copy_((steps * 2).squeeze(2));
  expect_right(in);
}

std::vector<support::LaunchRecord> launches_since(std::size_t before) {
  std::vector<support::LaunchRecord> launches = support::device().launches();
  launches.erase(launches.begin(), launches.begin() + static_cast<std::ptrdiff_t>(before));
  return launches;
}

void expect_few_launches(std::size_t launches, const Inputs& in) {
  if (launches <= kLaunchesMax) return;
  support::fail(std::to_string(launches) + " kernels were launched: at most " +
                    std::to_string(kLaunchesMax) + " were asked for",
                in);
}

/// A cache of so many heads is to be the work of kBlocksMin blocks for each.
void expect_many_blocks(std::int64_t head_count) {
  RandomTensors random;
  const Inputs in = random_inputs(random, head_count, 1, kLongCache);
  const std::size_t before = support::device().launches().size();
  expect_right(in);
  std::int64_t blocks_max = 0;
  const std::vector<support::LaunchRecord> launches = launches_since(before);
  for (const support::LaunchRecord& launch : launches) {
    blocks_max = std::max(blocks_max, launch.blocks);
  }
  expect_few_launches(launches.size(), in);
  if (launches.empty() || blocks_max >= head_count * kBlocksMin) return;
  support::fail(std::to_string(head_count) + " heads of " + std::to_string(kLongCache) +
                    " keys are the work of " + std::to_string(blocks_max) + " blocks: at least " +
                    std::to_string(head_count * kBlocksMin) + " were asked for",
                in);
}

}  // namespace

TEST(Decode, EXAMPLE_AGroupOfTwo) {
  expect_attention({{"q", torch::zeros({1, 2, kSize})},
                    {"k", constant_rows({1, -1, 4})},
                    {"v", constant_rows({1, 2, 6})}},
                   constant_rows({3, 3}).to(torch::kFloat64));
}

TEST(Decode, EXAMPLE_AQuarterAndThreeQuarters) {
  torch::Tensor q = torch::zeros({1, 1, kSize}), k = torch::zeros({1, 2, kSize});
  q[0][0][0] = std::sqrt(128.0);
  k[0][1][0] = std::log(3.0);
  expect_attention({{"q", q}, {"k", k}, {"v", constant_rows({4, 8})}},
                   constant_rows({7}).to(torch::kFloat64));
}

TEST(Decode, OfAnyNumberOfKeys) {
  RandomTensors random;
  for (const int keys : {1, 2, 3, 4, 5, 31, 32, 33, 63, 64, 65, 127, 129, 257}) {
    expect_right(random_inputs(random, 1, 2, keys));
  }
}

TEST(Decode, OfAnyGroup) {
  RandomTensors random;
  for (int group = 1; group <= 8; ++group) expect_right(random_inputs(random, 2, group, 75));
}

TEST(Decode, OfSeveralHeads) {
  RandomTensors random;
  for (const int count : {3, 5}) expect_right(random_inputs(random, count, 2, 150));
}

TEST(Decode, OfNothing) {
  RandomTensors random;
  expect_right(random_inputs(random, 0, 2, 5));
  expect_right(random_inputs(random, 3, 2, 0));
}

TEST(LongCache, OfAnyLength) {
  RandomTensors random;
  for (const int keys : {4097, 4229}) expect_right(random_inputs(random, 1, 2, keys));
}

TEST(LongCache, IsTheWorkOfManyBlocks) {
  expect_many_blocks(1);
}

TEST(LongCache, SLOW_IsTheWorkOfManyBlocksForEachOfManyHeads) {
  expect_many_blocks(10);
}

TEST(LongCache, SLOW_FitsIntoTheScratchMemory) {
  RandomTensors random;
  // More keys than 128 parts of 64.
  expect_right(random_inputs(random, 1, 1, 128 * 64 + 1));
}

TEST(Merge, OfPartsWhosePeaksRiseAndFall) {
  RandomTensors random;
  std::vector<float> rising, falling;
  for (int i = 0; i < 400; ++i) {
    rising.push_back(static_cast<float>(i) / 512);
    falling.push_back(static_cast<float>(400 - i) / 512);
  }
  for (const auto& keys : {rising, falling}) {
    expect_right({{"q", torch::ones({1, 1, kSize})},
                  {"k", constant_rows(keys)},
                  {"v", random.normal({1, 400, kSize})}});
  }
}

TEST(Merge, WhereOneKeyOutweighsAllOthers) {
  RandomTensors random;
  Inputs in = random_inputs(random, 1, 2, 500);
  for (const int heavy : {0, 64, 499}) {
    in[1].value = random.normal({1, 500, kSize});
    in[1].value[0][heavy] = in[0].value[0][0] * 8;
    expect_right(in);
  }
}

TEST(Merge, WhereAFarKeyStillCounts) {
  // Its weight of 7e-5 is more than may be lost.
  for (const int other : {1, 70, 140}) {
    const int keys = other + 1;
    Inputs in{{"q", torch::zeros({1, 1, kSize})},
              {"k", torch::zeros({1, keys, kSize})},
              {"v", torch::zeros({1, keys, kSize})}};
    in[0].value[0][0][0] = std::sqrt(128.0);
    in[1].value.select(2, 0).fill_(-30);
    in[1].value[0][0][0] = 0;
    in[1].value[0][other][0] = -9.5;
    in[2].value[0][0].fill_(10);
    in[2].value[0][other].fill_(-10);
    expect_right(in);
  }
}

TEST(Merge, OfPartsOfUnequalLength) {
  // Equal weights: a mean of the parts' means is wrong where the last part is short.
  RandomTensors random;
  for (const int keys : {65, 130, 300}) {
    Inputs in = random_inputs(random, 1, 1, keys);
    in[0].value.zero_();
    in[2].value = (torch::arange(keys) % 7 + torch::arange(keys) / keys * 3)
                      .to(torch::kFloat32)
                      .view({1, keys, 1})
                      .expand({1, keys, kSize})
                      .contiguous();
    expect_right(in);
  }
}

TEST(Stability, OfProductsOfUpTo900InAllParts) {
  expect_ties_around(12);
}

TEST(Stability, OfProductsThatAreAllNegative) {
  expect_ties_around(-12);
}

TEST(Scratch, MayHoldWhatTheCallBeforeHasLeft) {
  RandomTensors random;
  expect_right(random_inputs(random, 2, 3, 200), {.calls = 3});
}

TEST(Scratch, MayHoldNaN) {
  RandomTensors random;
  for (const int keys : {1, 70, 200}) {
    expect_right(random_inputs(random, 1, 2, keys), {.nan_in_scratch = true});
  }
}

TEST(Alignment, IsOf16BytesAndNoMore) {
  RandomTensors random;
  expect_right(random_inputs(random, 2, 3, 100), {.offset = 4});
}

TEST(Scratch, IsEnoughForASmallGroupToo) {
  RandomTensors random;
  expect_right(random_inputs(random, 2, 1, 1800));
}

TEST(Scratch, IsAllTheMemoryThatIsUsed) {
  RandomTensors random;
  const Inputs in = random_inputs(random, 2, 2, 300);
  expect_right(in);
  const std::size_t bytes = support::device().allocated_by_attempt();
  if (bytes == 0) return;
  support::fail(std::to_string(bytes) + " bytes were allocated: scratch memory is given", in);
}

TEST(Launches, AreThreeAtMost) {
  RandomTensors random;
  for (const int keys : {1, 150}) {
    const Inputs in = random_inputs(random, 4, 3, keys);
    const std::size_t before = support::device().launches().size();
    expect_right(in);
    expect_few_launches(launches_since(before).size(), in);
  }
}

TEST(Barriers, HoldWherePartsAreMerged) {
  RandomTensors random;
  for (int round = 0; round < 4; ++round) expect_right(random_inputs(random, 2, 4, 70));
}
