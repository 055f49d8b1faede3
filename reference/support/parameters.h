#pragma once

// Parameters before and after a step, and the small assertions that go with them.

#include <torch/types.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "support/tensor_match.h"

namespace support {

/// A parameter of its own memory, as given.
inline torch::Tensor parameter(const torch::Tensor& values, bool frozen = false) {
  return values.detach().clone().requires_grad_(!frozen);
}

inline void expect_that(bool holds, const std::string& what, const Inputs& inputs = {}) {
  if (!holds) fail(what, inputs);
}

/// float64 number ± (absolute + relative · |expected|); NaN only where NaN is expected.
inline void expect_number(const std::string& what, double got, double expected, double absolute,
                          double relative, const Inputs& inputs = {}) {
  if (std::isnan(got) && std::isnan(expected)) return;
  if (got == expected) return;  // infinities too
  const double allowed = absolute + relative * std::abs(expected);
  if (std::abs(got - expected) <= allowed) return;
  fail(what + " is wrong: expected " + number(expected) + ", got " + number(got) +
           " (allowed difference " + number(allowed) + ")",
       inputs);
}

/// The bits of a little-endian number.
inline std::string hex(const char* bytes, std::size_t width) {
  std::string text;
  for (std::size_t i = width; i-- > 0;) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  }
  return text;
}

/// As expect_same_bits(), also for NaN, −0 and every dtype.
inline void expect_same_bytes(const std::string& what, const torch::Tensor& got,
                              const torch::Tensor& expected, const Inputs& inputs = {}) {
  if (!has_form(what, got, expected.sizes(), expected.scalar_type(), inputs)) return;
  const torch::Tensor a = got.detach().contiguous(), b = expected.detach().contiguous();
  const std::size_t width = a.element_size();
  const char* left = static_cast<const char*>(a.const_data_ptr());
  const char* right = static_cast<const char*>(b.const_data_ptr());
  for (std::int64_t i = 0; i < a.numel(); ++i, left += width, right += width) {
    if (std::memcmp(left, right, width) == 0) continue;
    const auto value = [i, width](const torch::Tensor& t, const char* bytes) {
      return number(t.reshape({-1})[i].to(torch::kFloat64).item<double>()) + " (0x" +
             hex(bytes, width) + ")";
    };
    fail(what + " must be the same bit for bit and differs at " + index_text(i, a.sizes()) +
             ": expected " + value(b, right) + ", got " + value(a, left),
         inputs);
    return;
  }
}

/// What a parameter and its gradient were, for comparison bit for bit.
struct Snapshot {
  torch::Tensor value, gradient;

  explicit Snapshot(const torch::Tensor& parameter)
      : value(parameter.detach().clone()),
        gradient(parameter.grad().defined() ? parameter.grad().detach().clone() : torch::Tensor()) {
  }

  void expect_value(const std::string& what, const torch::Tensor& parameter) const {
    expect_same_bytes(what, parameter, value);
  }

  void expect_gradient(const std::string& what, const torch::Tensor& parameter) const {
    if (gradient.defined() != parameter.grad().defined()) {
      fail(what + (gradient.defined() ? " is undefined now, expected it to be as before"
                                      : " is defined now, expected it to stay undefined"));
    } else if (gradient.defined()) {
      expect_same_bytes(what, parameter.grad(), gradient);
    }
  }
};

/// "a, b", or "nothing".
inline std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "nothing" : text;
}

}  // namespace support
