#include "skeleton_cuda.h"

namespace unaided {
namespace {

constexpr SkeletonTemplate kTemplates[] = {
    {"katas/@/kata.toml", R"~(title = "@"
summary = "One sentence that says what is asked for"
topics = []
device = "cuda"

[limits]  # of one check
wall_ms = 20000
cpu_ms = 8000
memory_mb = 512
output_kb = 64
file_mb = 8

# One table for each level, one to four.
[[level]]
title = "Twice"
par_minutes = 10
)~"},
    {"katas/@/level1.md", R"~(# Level 1: twice

    void twice(const float* x, float* y, std::int64_t count, cudaStream_t stream);

y[i] = 2 · x[i] for `count` numbers of device memory. The contract is in `level1.h`.

## Examples

| x | y |
|---|---|
| `[1, 2]` | `[2, 4]` |
| `[-3]` | `[-6]` |
)~"},
    {"katas/@/level1.h", R"~(#pragma once

#include <cstdint>

struct CUstream_st;
typedef CUstream_st* cudaStream_t;

namespace kata {

/// y[i] = 2 · x[i].
///
/// x and y are device memory, `count` floats that do not overlap; count ≥ 0. Work is launched on
/// `stream` and nowhere else; nothing is waited for.
void twice(const float* x, float* y, std::int64_t count, cudaStream_t stream);

}  // namespace kata
)~"},
    {"katas/@/@.cu", R"~(#include <cstdint>
#include <stdexcept>

// level 1
#include "level1.h"

namespace kata {

void twice(const float* /*x*/, float* /*y*/, std::int64_t /*count*/, cudaStream_t /*stream*/) {
  // TODO: a kernel, and its launch.
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata
)~"},
    {"reference/@/@.cu", R"~(#include <cstdint>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr int kThreads = 256;

__global__ void twice_kernel(const float* x, float* y, std::int64_t count) {
  const std::int64_t i = blockIdx.x * std::int64_t{kThreads} + threadIdx.x;
  if (i < count) y[i] = 2 * x[i];
}

}  // namespace

void twice(const float* x, float* y, std::int64_t count, cudaStream_t stream) {
  if (count == 0) return;  // an empty grid cannot be launched
  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
  twice_kernel<<<blocks, kThreads, 0, stream>>>(x, y, count);
}

}  // namespace kata
)~"},
    {"reference/@/checks_level1.cpp", R"~(#include <gtest/gtest.h>

#include "level1.h"
#include "support/device_rows.h"
#include "support/random_tensors.h"

using support::DeviceRows;
using support::DeviceStream;
using support::expect_close;
using support::Inputs;
using support::kFloat32;
using support::matrix;
using support::RandomTensors;

namespace {

/// The attempt on x (1, count).
void expect_twice(const torch::Tensor& x) {
  const Inputs in{{"x", x}};
  const DeviceStream stream;
  const DeviceRows given(stream, x);
  const DeviceRows out(stream, 1, x.size(1), {});
  const bool done = support::ran(
      stream, in, [&] { kata::twice(given.data(), out.data(), x.size(1), stream.get()); });
  if (!done) return;
  support::expect_none({given.change("x"), out.damage("y")}, in);
  expect_close("twice(x)", out.values(), x + x, kFloat32, in);
}

}  // namespace

// EXAMPLE_ marks a check that the statement shows, SLOW_ one that runs at submit only.
TEST(Twice, EXAMPLE_TwoNumbers) {
  expect_twice(matrix({{1, 2}}));
}

TEST(Twice, EXAMPLE_OneNumber) {
  expect_twice(matrix({{-3}}));
}

TEST(Twice, OfAnyCount) {
  RandomTensors random;
  for (const int count : {0, 3, 255, 256, 257, 1000}) expect_twice(random.normal({1, count}));
}
)~"},
    {"reference/@/mutants/level1_drops_the_tail.patch",
     R"~(Rounds the number of blocks down, so that the last numbers have no thread.

--- a/@.cu
+++ b/@.cu
@@ -19,3 +19,3 @@
   if (count == 0) return;  // an empty grid cannot be launched
-  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
+  const auto blocks = static_cast<unsigned>(count / kThreads + (count < kThreads ? 1 : 0));
   twice_kernel<<<blocks, kThreads, 0, stream>>>(x, y, count);
)~"},
    {"reference/@/alternates/one_block.cu", R"~(// One block that goes through all numbers.
#include "level1.h"

namespace kata {

__global__ void add_to_itself(const float* x, float* y, std::int64_t count) {
  for (std::int64_t i = threadIdx.x; i < count; i += blockDim.x) y[i] = x[i] + x[i];
}

void twice(const float* x, float* y, std::int64_t count, cudaStream_t stream) {
  add_to_itself<<<1, 128, 0, stream>>>(x, y, count);
}

}  // namespace kata
)~"},
};

}  // namespace

std::span<const SkeletonTemplate> cuda_skeleton_templates() {
  return kTemplates;
}

}  // namespace unaided
