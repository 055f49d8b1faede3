#include "skeleton.h"

#include "skeleton_cuda.h"

namespace unaided {
namespace {

constexpr SkeletonTemplate kOfAll[] = {
    {"katas/@/README.md", R"~(# @

What the kata is about, and what it teaches. Each level adds declarations; earlier ones stay valid.

| level | asks for | par |
|---|---|---|
| 1 | `twice` | 10 min |
)~"},
    {"reference/@/notes.md", R"~(# Notes on @

Where the idea comes from, which bugs the checks were written against, which tolerances and why.
)~"},
};

constexpr SkeletonTemplate kOfTensors[] = {
    {"katas/@/kata.toml", R"~(title = "@"
summary = "One sentence that says what is asked for"
topics = []

# Globs over the names of operators that would do the work: watched at run time, and searched in
# the attempt's undefined symbols.
forbidden = []

[limits]  # of one check
wall_ms = 4000
cpu_ms = 3000
memory_mb = 256
output_kb = 64
file_mb = 8

# One table for each level, one to four.
[[level]]
title = "Twice"
par_minutes = 10
)~"},
    {"katas/@/level1.md", R"~(# Level 1: twice

Write `twice(x)`: each element of `x`, doubled. The contract is in `level1.h`.

## Examples

| x | twice(x) |
|---|---|
| `[[1, 2]]` | `[[2, 4]]` |
| `[[-3], [0]]` | `[[-6], [0]]` |
)~"},
    {"katas/@/level1.h", R"~(#pragma once

#include <torch/types.h>

namespace kata {

/// Twice each element of x (any shape, float32). x stays as it was.
torch::Tensor twice(const torch::Tensor& x);

}  // namespace kata
)~"},
    {"katas/@/@.cpp", R"~(#include <stdexcept>

// level 1
#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& /*x*/) {
  // TODO: each element, doubled.
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata
)~"},
    {"reference/@/@.cpp", R"~(// level 1
#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  return x * 2;
}

}  // namespace kata
)~"},
    {"reference/@/checks_level1.cpp", R"~(#include <gtest/gtest.h>

#include "level1.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

using support::expect_close;
using support::Inputs;
using support::kFloat32;
using support::matrix;
using support::RandomTensors;

namespace {

torch::Tensor run(const Inputs& in) {
  return kata::twice(in[0].value);
}

}  // namespace

// EXAMPLE_ marks a check that the statement shows, SLOW_ one that runs at submit only.
TEST(Twice, EXAMPLE_OneRow) {
  const Inputs in{{"x", matrix({{1, 2}})}};
  expect_close("twice(x)", run(in), matrix({{2, 4}}), kFloat32, in);
}

TEST(Twice, EXAMPLE_OneColumn) {
  const Inputs in{{"x", matrix({{-3}, {0}})}};
  expect_close("twice(x)", run(in), matrix({{-6}, {0}}), kFloat32, in);
}

TEST(Twice, IsTheSumWithItself) {
  RandomTensors random;
  const Inputs in{{"x", random.normal({3, 5}, torch::kFloat32)}};
  expect_close("twice(x)", run(in), in[0].value + in[0].value, kFloat32, in);
}
)~"},
    {"reference/@/mutants/level1_adds_two.patch", R"~(Adds two instead of multiplying by it.

--- a/@.cpp
+++ b/@.cpp
@@ -6,3 +6,3 @@
 torch::Tensor twice(const torch::Tensor& x) {
-  return x * 2;
+  return x + 2;
 }
)~"},
    {"reference/@/alternates/loop.cpp", R"~(// One plain loop over a copy.
#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  torch::Tensor doubled = x.contiguous().clone();
  float* const values = doubled.data_ptr<float>();
  for (std::int64_t i = 0; i < doubled.numel(); ++i) values[i] *= 2;
  return doubled;
}

}  // namespace kata
)~"},
};

std::string with_id(std::string text, const std::string& id) {
  for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at)) {
    // A hunk of the patch begins with "@@", which is no place for an id.
    const bool hunk = text.compare(at, 2, "@@") == 0;
    if (!hunk) text.replace(at, 1, id);
    at += hunk ? 2 : id.size();
  }
  return text;
}

}  // namespace

std::vector<SkeletonFile> kata_skeleton(const std::string& id, bool cuda) {
  std::vector<SkeletonFile> files;
  const auto add = [&](std::span<const SkeletonTemplate> templates) {
    for (const SkeletonTemplate& file : templates) {
      files.push_back({with_id(file.path, id), with_id(file.text, id)});
    }
  };
  add(kOfAll);
  add(cuda ? cuda_skeleton_templates() : std::span<const SkeletonTemplate>(kOfTensors));
  return files;
}

}  // namespace unaided
