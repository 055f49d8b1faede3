#pragma once

// Matrices on the device for checks: rows that may lie apart, with garbage between them, and what a
// candidate reads when a kernel went wrong.

#include <torch/types.h>

#include <string>
#include <vector>

#include "support/device.h"
#include "support/tensor_match.h"

namespace support {

/// rows × columns floats on the device, row r beginning at data() + r · stride. What lies between
/// rows, and `offset` floats before the first, are garbage that must stay as it is.
class DeviceRows {
 public:
  struct Layout {
    std::int64_t stride = 0;  // 0: as many as there are columns
    std::int64_t offset = 0;  // floats by which the first row is off a 256-byte boundary
  };

  /// Uploads a float32 matrix (rows, columns).
  DeviceRows(const DeviceStream& stream, const torch::Tensor& values, Layout layout)
      : DeviceRows(values.size(0), values.size(1), layout) {
    const torch::Tensor rows = values.contiguous();
    const float* const entries = rows.data_ptr<float>();
    for (std::int64_t r = 0; r < rows_; ++r) {
      std::copy(entries + r * columns_, entries + (r + 1) * columns_, before_.begin() + at(r));
    }
    array_ = DeviceArray<float>(stream, before_);
  }
  DeviceRows(const DeviceStream& stream, const torch::Tensor& values)
      : DeviceRows(stream, values, Layout()) {}

  /// Entries that nobody has written.
  DeviceRows(const DeviceStream& stream, std::int64_t rows, std::int64_t columns, Layout layout)
      : DeviceRows(rows, columns, layout) {
    array_ = DeviceArray<float>(stream, before_);
  }

  float* data() const { return array_.data() + layout_.offset; }
  std::int64_t stride() const { return layout_.stride; }

  /// The matrix (rows, columns). After finish(), as all that follows.
  torch::Tensor values() const {
    const std::vector<float> now = array_.download();
    torch::Tensor result = torch::empty({rows_, columns_});
    for (std::int64_t r = 0; r < rows_; ++r) {
      std::copy_n(now.begin() + at(r), columns_, result.data_ptr<float>() + r * columns_);
    }
    return result;
  }

  /// "" or what was written that is no entry of the matrix.
  std::string damage(const std::string& name) const {
    const std::string outside = array_.guard_damage(name);
    if (!outside.empty()) return outside;
    const std::vector<float> now = array_.download();
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(now.size()); ++i) {
      if (is_entry(i) || now[to_index(i)] == before_[to_index(i)]) continue;
      return name + " was written between its rows, " + std::to_string(i - layout_.offset) +
             " floats from its start (row stride " + std::to_string(layout_.stride) + ")";
    }
    return "";
  }

  /// "" or that an entry is not what was uploaded.
  std::string change(const std::string& name) const {
    return array_.download() == before_ ? "" : name + " was changed: it is only to be read";
  }

 private:
  static constexpr float kGarbage = 3.0e38F;  // also as an input: it shows in every sum

  DeviceRows(std::int64_t rows, std::int64_t columns, Layout layout)
      : rows_(rows), columns_(columns), layout_(layout) {
    if (layout_.stride == 0) layout_.stride = columns;
    const std::int64_t last = rows == 0 ? 0 : (rows - 1) * layout_.stride + columns;
    before_.assign(to_index(layout_.offset + last), kGarbage);
  }

  static std::size_t to_index(std::int64_t i) { return static_cast<std::size_t>(i); }
  std::int64_t at(std::int64_t row) const { return layout_.offset + row * layout_.stride; }
  bool is_entry(std::int64_t i) const {
    return i >= layout_.offset && (i - layout_.offset) % layout_.stride < columns_;
  }

  std::int64_t rows_;
  std::int64_t columns_;
  Layout layout_;
  std::vector<float> before_;
  DeviceArray<float> array_;
};

/// Calls the attempt, which only launches, and runs what it launched. False, with the failure
/// reported, when something went wrong on the way.
template <typename Call>
bool ran(const DeviceStream& stream, const Inputs& inputs, Call&& call) {
  answer_of(inputs, [&] {
    call();
    return 0;
  });
  const std::string trouble = device().finish(stream.get());
  if (!trouble.empty()) fail(trouble, inputs);
  return trouble.empty();
}

/// Reports each of these that is not empty.
inline void expect_none(const std::vector<std::string>& damages, const Inputs& inputs) {
  for (const std::string& damage : damages) {
    if (!damage.empty()) fail(damage, inputs);
  }
}

}  // namespace support
