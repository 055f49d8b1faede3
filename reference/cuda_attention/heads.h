#pragma once

// Operands of attention on the device, (heads, rows, size), their heads and rows anywhere.

#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "support/device_rows.h"
#include "support/random_tensors.h"

namespace heads {

/// Floats between the beginnings of heads, and of the rows of a head; `offset` floats lie before
/// the first.
struct Layout {
  std::int64_t head = 0;
  std::int64_t row = 0;
  std::int64_t offset = 0;
};

/// Without gaps.
inline Layout contiguous(const torch::Tensor& x) {
  return {x.size(1) * x.size(2), x.size(2)};
}

/// Heads side by side in a row, as a projection gives them, with `gap` floats after each row.
inline Layout side_by_side(const torch::Tensor& x, std::int64_t gap) {
  return {x.size(2), x.size(0) * x.size(2) + gap};
}

class Operand {
 public:
  /// Uploads x, or, with `empty`, garbage in its place.
  Operand(const support::DeviceStream& stream, const torch::Tensor& x, Layout layout,
          bool empty = false)
      : sizes_(x.sizes().vec()), layout_(layout) {
    std::int64_t end = layout.offset;
    for_each_row([&](std::int64_t, std::int64_t at) { end = std::max(end, at + sizes_[2]); });
    before_.assign(static_cast<std::size_t>(end), kGarbage);
    const torch::Tensor rows = x.contiguous();
    for_each_row([&](std::int64_t row, std::int64_t at) {
      if (empty) return;
      std::copy_n(rows.data_ptr<float>() + row * sizes_[2], sizes_[2], before_.begin() + at);
    });
    array_ = support::DeviceArray<float>(stream, before_);
  }

  float* data() const { return array_.data() + layout_.offset; }
  const Layout& layout() const { return layout_; }

  torch::Tensor values() const {
    const std::vector<float> now = array_.download();
    torch::Tensor result = torch::empty(sizes_);
    for_each_row([&](std::int64_t row, std::int64_t at) {
      std::copy_n(now.begin() + at, sizes_[2], result.data_ptr<float>() + row * sizes_[2]);
    });
    return result;
  }

  /// "" or what was written that is no entry.
  std::string damage(const std::string& name) const {
    const std::string outside = array_.guard_damage(name);
    if (!outside.empty()) return outside;
    std::vector<float> now = array_.download();
    for_each_row([&](std::int64_t, std::int64_t at) {
      std::copy_n(before_.begin() + at, sizes_[2], now.begin() + at);
    });
    return now == before_ ? "" : name + " was written between its rows";
  }

  std::string change(const std::string& name) const {
    return array_.download() == before_ ? "" : name + " was changed: it is only to be read";
  }

 private:
  static constexpr float kGarbage = 3.0e38F;

  /// Calls action(row, where it begins) for the rows of all heads.
  template <typename Action>
  void for_each_row(Action&& action) const {
    for (std::int64_t row = 0; row < sizes_[0] * sizes_[1]; ++row) {
      action(row, layout_.offset + row / sizes_[1] * layout_.head + row % sizes_[1] * layout_.row);
    }
  }

  std::vector<std::int64_t> sizes_;
  Layout layout_;
  std::vector<float> before_;
  support::DeviceArray<float> array_;
};

/// q (count, queries, size), k and v (count, keys, size).
inline support::Inputs random_inputs(support::RandomTensors& random, std::int64_t count,
                                     std::int64_t queries, std::int64_t keys, std::int64_t size) {
  return {{"q", random.normal({count, queries, size})},
          {"k", random.normal({count, keys, size})},
          {"v", random.normal({count, keys, size})}};
}

/// One head whose row r is full of values[r], (1, rows, size).
inline torch::Tensor constant_rows(const std::vector<float>& values, std::int64_t size) {
  return torch::tensor(values).view({1, -1, 1}).expand({1, -1, size}).contiguous();
}

/// Scratch memory may not grow with queries · keys. Small scratch is nobody's business.
inline void expect_little_memory(std::int64_t queries, std::int64_t keys,
                                 const support::Inputs& in) {
  const auto scratch = static_cast<std::int64_t>(support::device().allocated_by_attempt());
  if (scratch < queries * keys * static_cast<std::int64_t>(sizeof(float)) / 2) return;
  support::fail(std::to_string(scratch) + " bytes were allocated for " + std::to_string(queries) +
                    " queries and " + std::to_string(keys) + " keys: the scores are not stored",
                in);
}

}  // namespace heads
