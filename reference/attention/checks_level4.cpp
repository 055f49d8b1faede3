#include "level4.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "layer_cases.h"
#include "oracle.h"
#include "support/probe.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

using layer_cases::BadLayer;
using layer_cases::flat_layer;
using layer_cases::identity_layer;
using layer_cases::layers_with_bad_head_counts;
using layer_cases::LayerShape;
using layer_cases::random_layer;
using layer_cases::shown;
using support::expect_close;
using support::kFloat32;
using support::matrix;
using support::RandomTensors;

namespace {

/// Feeds x (B, T, C) to the decoder in chunks of these sizes (their sum is T) and expects in each
/// result its part of the full pass.
void expect_chunks_right(kata::Decoder& decoder, const torch::Tensor& x, const kata::Layer& layer,
                         const std::vector<std::int64_t>& chunks,
                         const support::Tolerance& tolerance = kFloat32) {
  const torch::Tensor expected = oracle::causal_self_attention(x, layer, 0);
  std::int64_t start = 0;
  for (const std::int64_t tokens : chunks) {
    const torch::Tensor got = support::answer_of(
        shown(x, layer), [&] { return decoder.append(x.narrow(1, start, tokens)); });
    expect_close(
        "append of tokens " + std::to_string(start) + " to " + std::to_string(start + tokens - 1),
        got, expected.narrow(1, start, tokens), tolerance, shown(x, layer));
    start += tokens;
  }
  if (decoder.length() != start) {
    support::fail("length() after " + std::to_string(start) + " tokens is " +
                  std::to_string(decoder.length()) + ", expected " + std::to_string(start));
  }
}

void expect_length(const kata::Decoder& decoder, std::int64_t expected, const std::string& when) {
  if (decoder.length() == expected) return;
  support::fail("length() " + when + " is " + std::to_string(decoder.length()) + ", expected " +
                std::to_string(expected));
}

void expect_overflow(kata::Decoder& decoder, const torch::Tensor& x) {
  support::expect_throws<std::length_error>(
      "append of " + std::to_string(x.size(1)) + " tokens to " + std::to_string(decoder.length()),
      "std::length_error", {}, [&] { decoder.append(x); });
}

std::vector<std::int64_t> ones(std::size_t count) {
  return std::vector<std::int64_t>(count, 1);
}

/// Fills a decoder with `length` − 1 tokens, the last of them one by one, and expects of one more
/// step what the contract allows it to allocate at its peak.
void expect_step_fits(const LayerShape& shape, std::int64_t batch, std::int64_t length) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, shape);
  const torch::Tensor x = random.normal({batch, length, shape.width});
  const auto decoder = kata::make_decoder(layer, batch, length + 3);
  decoder->append(x.narrow(1, 0, length - 4));
  for (std::int64_t t = length - 4; t < length - 1; ++t) decoder->append(x.narrow(1, t, 1));
  const torch::Tensor last = x.narrow(1, length - 1, 1);
  std::int64_t peak = 0;
  {
    const support::AllocationProbe probe;
    decoder->append(last);
    peak = probe.peak_bytes();
  }
  const std::int64_t allowed =
      4 * batch * shape.query_heads * length * static_cast<std::int64_t>(sizeof(float)) + 65536;
  if (peak > allowed) {
    support::fail("the step to length " + std::to_string(length) + " allocates " +
                      std::to_string(peak) + " bytes at its peak, allowed are " +
                      std::to_string(allowed),
                  shown(last, layer));
  }
}

}  // namespace

TEST(Decoding, EXAMPLE_TwoTokensOneByOne) {
  const kata::Layer layer = identity_layer();
  const auto decoder = kata::make_decoder(layer, 1, 4);
  const torch::Tensor first = matrix({{1, 0}}).unsqueeze(0), second = matrix({{0, 1}}).unsqueeze(0);
  expect_close("the first append", decoder->append(first), first, kFloat32, {{"x", first}});
  expect_close("the second append", decoder->append(second),
               matrix({{0.2138090, 0.7861910}}).unsqueeze(0), kFloat32, {{"x", second}});
  expect_length(*decoder, 2, "after two tokens");
}

TEST(Overflow, EXAMPLE_ThreeTokensForCapacityTwo) {
  const kata::Layer layer = identity_layer();
  const auto decoder = kata::make_decoder(layer, 1, 2);
  expect_overflow(*decoder, matrix({{1, 0}, {0, 1}, {1, 1}}).unsqueeze(0));
  expect_length(*decoder, 0, "after the refused append");
  const torch::Tensor x = matrix({{1, 0}, {0, 1}}).unsqueeze(0);
  expect_close("append of two tokens afterwards", decoder->append(x),
               matrix({{1, 0}, {0.2138090, 0.7861910}}).unsqueeze(0), kFloat32, {{"x", x}});
}

TEST(Decoding, TokenByTokenIsTheFullPass) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 2, 2, 4});
  const torch::Tensor x = random.normal({1, 9, 8});
  expect_chunks_right(*kata::make_decoder(layer, 1, 16), x, layer, ones(9));
}

TEST(Decoding, ChunksAreTheFullPass) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 3, 3, 4});
  const torch::Tensor x = random.normal({2, 8, 8});
  expect_chunks_right(*kata::make_decoder(layer, 2, 20), x, layer, {3, 4, 1});
  expect_chunks_right(*kata::make_decoder(layer, 2, 8), x, layer, {8});
}

TEST(Decoding, RandomChunksOfGroupedHeads) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 6, 2, 4});
  std::vector<std::int64_t> chunks;
  std::int64_t tokens = 0;
  for (int i = 0; i < 4; ++i) {
    chunks.push_back(random.integer(1, 4));
    tokens += chunks.back();
  }
  const torch::Tensor x = random.normal({2, tokens, 8});
  expect_chunks_right(*kata::make_decoder(layer, 2, tokens + 1), x, layer, chunks);
}

TEST(Decoding, OneKeyHeadForAll) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {6, 3, 1, 8});
  const torch::Tensor x = random.normal({1, 7, 6});
  expect_chunks_right(*kata::make_decoder(layer, 1, 7), x, layer, {2, 1, 3, 1});
}

TEST(Decoding, Float64StaysFloat64) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 4, 2, 4}, torch::kFloat64);
  const torch::Tensor x = random.normal({2, 5, 8}, torch::kFloat64);
  expect_chunks_right(*kata::make_decoder(layer, 2, 8), x, layer, {1, 3, 1}, support::kFloat64);
}

TEST(Decoding, SLOW_LongSequenceTokenByToken) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {24, 3, 1, 80});
  const torch::Tensor x = random.normal({1, 267, 24});
  expect_chunks_right(*kata::make_decoder(layer, 1, 1030), x, layer, ones(267));
}

TEST(Overflow, LastPlaceCanBeUsed) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 2, 1, 4});
  const torch::Tensor x = random.normal({1, 5, 8});
  const auto decoder = kata::make_decoder(layer, 1, 5);
  expect_chunks_right(*decoder, x, layer, {2, 2, 1});
  expect_overflow(*decoder, x.narrow(1, 0, 1));
  expect_length(*decoder, 5, "after the refused append");
}

TEST(Overflow, ChangesNothing) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 4, 2, 4});
  const torch::Tensor x = random.normal({2, 6, 8});
  const torch::Tensor expected = oracle::causal_self_attention(x, layer, 0);
  const auto decoder = kata::make_decoder(layer, 2, 6);
  decoder->append(x.narrow(1, 0, 4));
  expect_overflow(*decoder, random.normal({2, 3, 8}));
  expect_length(*decoder, 4, "after the refused append");
  for (const std::int64_t t : {4, 5}) {
    expect_close("token " + std::to_string(t) + ", appended after a refused append",
                 decoder->append(x.narrow(1, t, 1)), expected.narrow(1, t, 1), kFloat32,
                 shown(x, layer));
  }
  expect_overflow(*decoder, random.normal({2, 1, 8}));
}

TEST(Reset, StartsAtPositionZeroAgain) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 2, 1, 4});
  const auto decoder = kata::make_decoder(layer, 1, 6);
  decoder->append(random.normal({1, 6, 8}));
  decoder->reset();
  expect_length(*decoder, 0, "after reset");
  expect_chunks_right(*decoder, random.normal({1, 6, 8}), layer, {1, 3, 2});
}

TEST(Reset, ForgetsTokensAndNan) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 4, 2, 4});
  const auto decoder = kata::make_decoder(layer, 2, 8);
  decoder->append(torch::full({2, 8, 8}, std::numeric_limits<float>::quiet_NaN()));
  decoder->reset();
  expect_length(*decoder, 0, "after reset");
  expect_chunks_right(*decoder, random.normal({2, 5, 8}), layer, {1, 3, 1});
}

TEST(Independence, OfTwoDecoders) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 2, 1, 4});
  const torch::Tensor x = random.normal({1, 4, 8}), y = random.normal({1, 4, 8});
  const torch::Tensor expected_x = oracle::causal_self_attention(x, layer, 0);
  const torch::Tensor expected_y = oracle::causal_self_attention(y, layer, 0);
  const auto a = kata::make_decoder(layer, 1, 8), b = kata::make_decoder(layer, 1, 8);
  for (std::int64_t t = 0; t < 4; ++t) {
    expect_close("token " + std::to_string(t) + " of the first of two decoders",
                 a->append(x.narrow(1, t, 1)), expected_x.narrow(1, t, 1), kFloat32,
                 shown(x, layer));
    expect_close("token " + std::to_string(t) + " of the second of two decoders",
                 b->append(y.narrow(1, t, 1)), expected_y.narrow(1, t, 1), kFloat32,
                 shown(y, layer));
  }
}

TEST(Independence, OfTheCallersTensors) {
  RandomTensors random;
  const kata::Layer layer = random_layer(random, {8, 2, 1, 4});
  const torch::Tensor x = random.normal({1, 4, 8});
  const torch::Tensor expected = oracle::causal_self_attention(x, layer, 0);
  const auto decoder = kata::make_decoder(layer, 1, 8);
  torch::Tensor buffer = torch::empty({1, 1, 8});  // the caller uses one buffer for all tokens
  std::vector<torch::Tensor> results;
  for (std::int64_t t = 0; t < 4; ++t) {
    buffer.copy_(x.narrow(1, t, 1));
    results.push_back(decoder->append(buffer));
  }
  for (std::int64_t t = 0; t < 4; ++t) {
    expect_close("the result of append " + std::to_string(t) +
                     ", all from one buffer, read after the last one",
                 results[static_cast<std::size_t>(t)], expected.narrow(1, t, 1), kFloat32,
                 shown(x, layer));
  }
}

TEST(CacheMemory, IsAllocatedAtConstruction) {
  RandomTensors random;
  const LayerShape shape{8, 2, 1, 16};
  const std::int64_t capacity = 4096;
  const kata::Layer layer = random_layer(random, shape);
  const torch::Tensor x = random.normal({1, 4, 8});
  kata::make_decoder(layer, 1, 8)->append(x);  // LibTorch's own first-time allocations
  const auto decoder = kata::make_decoder(layer, 1, capacity);
  std::int64_t largest = 0;
  {
    const support::AllocationProbe probe;
    decoder->append(x);
    decoder->append(x.narrow(1, 0, 1));
    decoder->reset();
    decoder->append(x);
    largest = probe.largest_bytes();
  }
  const std::int64_t keys_bytes = shape.key_value_heads * capacity * shape.head_dim * 4;
  if (largest >= keys_bytes) {
    support::fail("after construction " + std::to_string(largest) +
                  " bytes are allocated at once, expected less than " + std::to_string(keys_bytes) +
                  ", what all keys at full capacity need");
  }
}

TEST(CacheMemory, AStepDoesNotCopyTheCache) {
  expect_step_fits({8, 1, 1, 512}, 1, 40);
  expect_step_fits({32, 4, 2, 128}, 2, 45);
}

TEST(DecoderErrors, RefusesBadLayers) {
  std::vector<BadLayer> all = layers_with_bad_head_counts();
  all.push_back({"an odd head dimension", flat_layer(12, 6, 4, 2)});
  for (const BadLayer& bad : all) {
    support::expect_throws<std::invalid_argument>(
        std::string("make_decoder with ") + bad.reason, "std::invalid_argument",
        shown(torch::ones({1, 1, 8}), bad.layer), [&] { kata::make_decoder(bad.layer, 1, 4); });
  }
}
