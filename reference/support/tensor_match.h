#pragma once

// How checks compare tensors, and what a candidate reads when one is wrong: behaviour, the worst
// element with what was expected and got there, and the inputs, whole if small, else as shapes with
// the seed that makes them again.

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "support/probe.h"

namespace support {

/// How far a result may be off: |got − expected| ≤ absolute + relative · |expected|, and then a
/// rounding to dtype. The result must have this dtype.
struct Tolerance {
  const char* name;
  torch::ScalarType dtype;
  double absolute;
  double relative;
};

inline constexpr Tolerance kFloat32{"float32", torch::kFloat32, 1e-5, 5e-6};
inline constexpr Tolerance kFloat64{"float64", torch::kFloat64, 1e-10, 1e-10};
/// Computed in float32 or better and rounded to bfloat16 once.
inline constexpr Tolerance kBfloat16{"bfloat16, rounded once", torch::kBFloat16, 1e-5, 5e-6};
/// Gradients in float64 against central differences, whose own error is about 1e-9.
inline constexpr Tolerance kGradient64{"gradient in float64", torch::kFloat64, 1e-7, 1e-6};
inline constexpr Tolerance kGradient32{"gradient in float32", torch::kFloat32, 5e-5, 5e-5};
inline constexpr Tolerance kExact32{"exactly, float32", torch::kFloat32, 0, 0};
inline constexpr Tolerance kExact64{"exactly, float64", torch::kFloat64, 0, 0};

struct Input {
  std::string name;
  torch::Tensor value;
};
using Inputs = std::vector<Input>;

inline std::string number(double value) {
  if (std::isnan(value)) return "nan";  // and not "-nan"
  std::ostringstream out;
  out.precision(9);
  out << value;
  return out.str();
}

/// Both numbers, with as many digits as it takes to tell them apart.
inline std::pair<std::string, std::string> digits(double one, double other) {
  std::pair<std::string, std::string> texts{number(one), number(other)};
  if (texts.first != texts.second || one == other || std::isnan(one)) return texts;
  std::ostringstream first, second;
  first.precision(17), second.precision(17);
  first << one, second << other;
  return {first.str(), second.str()};
}

/// "float32", the name that statements use; LibTorch's own is "Float".
inline std::string dtype_text(torch::ScalarType dtype) {
  switch (dtype) {
    case torch::kFloat32:
      return "float32";
    case torch::kFloat64:
      return "float64";
    case torch::kBFloat16:
      return "bfloat16";
    case torch::kBool:
      return "bool";
    case torch::kInt64:
      return "int64";
    default:
      return c10::toString(dtype);
  }
}

inline std::string shape_text(torch::IntArrayRef sizes) {
  std::string text = "(";
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    text += (d == 0 ? "" : ", ") + std::to_string(sizes[d]);
  }
  return text + ")";
}

inline void append_entries(std::string& text, const torch::Tensor& t) {
  if (t.dim() == 0) {
    text += number(t.item<double>());
    return;
  }
  text += "[";
  for (std::int64_t i = 0; i < t.size(0); ++i) {
    if (i > 0) text += ", ";
    append_entries(text, t[i]);
  }
  text += "]";
}

constexpr std::int64_t kShownWhole = 24;  // elements

/// "q: float32 (1, 2) = [[1, 2]]", without the entries if there are many.
inline std::string describe(const Input& input) {
  const torch::Tensor& t = input.value;
  std::string text = "  " + input.name + ": " + dtype_text(t.scalar_type()) + " " +
                     shape_text(t.sizes()) + (t.is_contiguous() ? "" : " not contiguous");
  if (t.numel() <= kShownWhole) {
    text += " = ";
    append_entries(text, t.detach());
  }
  return text + "\n";
}

inline std::string describe(const Inputs& inputs) {
  std::string text;
  for (const Input& input : inputs) text += describe(input);
  return text + "  seed " + std::to_string(seed()) + "\n";
}

/// Name of the behaviour that the running check belongs to.
inline std::string behaviour() {
  const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
  return info == nullptr ? "" : info->test_suite_name();
}

/// Reports a failure in the form described above.
inline void fail(const std::string& what, const Inputs& inputs = {}) {
  ADD_FAILURE() << behaviour() << ": " << what << "\n" << describe(inputs);
}

/// What remains of a float64 when it is stored as dtype.
inline double rounded(double value, torch::ScalarType dtype) {
  if (dtype == torch::kFloat64) return value;
  if (dtype == torch::kFloat32) return static_cast<float>(value);
  return static_cast<float>(c10::BFloat16(static_cast<float>(value)));
}

inline std::string index_text(std::int64_t flat, torch::IntArrayRef sizes) {
  std::string text;
  for (std::size_t d = sizes.size(); d-- > 0; flat /= sizes[d]) {
    text = std::to_string(flat % sizes[d]) + (text.empty() ? "" : ", ") + text;
  }
  return "[" + text + "]";
}

/// Whether the dtype and shape are as they should be; reports it if not.
inline bool has_form(const std::string& what, const torch::Tensor& got, torch::IntArrayRef sizes,
                     torch::ScalarType dtype, const Inputs& inputs) {
  if (!got.defined()) {
    fail(what + " is an undefined tensor, expected shape " + shape_text(sizes), inputs);
  } else if (got.sizes() != sizes) {
    fail(what + " has shape " + shape_text(got.sizes()) + ", expected " + shape_text(sizes),
         inputs);
  } else if (got.scalar_type() != dtype) {
    fail(what + " is " + dtype_text(got.scalar_type()) + ", expected " + dtype_text(dtype), inputs);
  } else {
    return true;
  }
  return false;
}

/// `got` must have the shape of `expected` (float64), the tolerance's dtype, NaN where and only
/// where `expected` has it, and be within the tolerance everywhere.
inline void expect_close(const std::string& what, const torch::Tensor& got,
                         const torch::Tensor& expected, const Tolerance& tolerance,
                         const Inputs& inputs) {
  if (!has_form(what, got, expected.sizes(), tolerance.dtype, inputs)) return;
  const torch::Tensor got64 = got.detach().to(torch::kFloat64).contiguous();
  const torch::Tensor expected64 = expected.detach().to(torch::kFloat64).contiguous();
  const double* g = got64.data_ptr<double>();
  const double* e = expected64.data_ptr<double>();
  std::int64_t wrong = 0, worst = 0;
  double worst_excess = -1;
  for (std::int64_t i = 0; i < expected.numel(); ++i) {
    const double allowed = tolerance.absolute + tolerance.relative * std::abs(e[i]);
    const bool same = g[i] == e[i] || (std::isnan(g[i]) && std::isnan(e[i]));  // infinity, too
    const bool inside = g[i] >= rounded(e[i] - allowed, tolerance.dtype) &&
                        g[i] <= rounded(e[i] + allowed, tolerance.dtype);
    if (same || inside) continue;
    ++wrong;
    const double excess =
        std::isfinite(g[i]) && std::isfinite(e[i]) ? std::abs(g[i] - e[i]) - allowed : HUGE_VAL;
    if (excess > worst_excess) worst_excess = excess, worst = i;
  }
  if (wrong == 0) return;
  const double allowed = tolerance.absolute + tolerance.relative * std::abs(e[worst]);
  const bool scalar = expected.dim() == 0;
  const std::string at = scalar ? "" : " at " + index_text(worst, expected.sizes());
  const std::string of_all = scalar ? ""
                                    : "; " + std::to_string(wrong) + " of " +
                                          std::to_string(expected.numel()) + " elements are wrong";
  const double difference = std::isfinite(e[worst]) ? allowed : 0;
  fail(what + " is wrong" + at + ": expected " + digits(e[worst], g[worst]).first + ", got " +
           digits(e[worst], g[worst]).second + " (allowed difference " + number(difference) + ", " +
           tolerance.name + ")" + of_all,
       inputs);
}

/// Both must agree bit for bit, for instance before and after a change that must not matter.
inline void expect_same_bits(const std::string& what, const torch::Tensor& got,
                             const torch::Tensor& expected, const Inputs& inputs) {
  if (!has_form(what, got, expected.sizes(), expected.scalar_type(), inputs)) return;
  const Tolerance exact{"bit for bit", expected.scalar_type(), 0, 0};
  expect_close(what, got, expected, exact, inputs);
}

/// `call` must throw an exception of type E, else `shown` is told, as fail() takes it. What a
/// starter throws goes on as it is: it is the same everywhere, and told once.
template <typename E, typename Shown = Inputs, typename Call>
void expect_throws(const std::string& what, const std::string& type, const Shown& shown,
                   Call&& call) {
  std::string got = "nothing was thrown";
  try {
    call();
  } catch (const E&) {
    return;
  } catch (const std::exception& e) {
    if (typeid(e) == typeid(std::logic_error)) throw;
    got = std::string("got another exception: ") + std::string(e.what()).substr(0, 300);
  }
  fail(what + ": expected " + type + ", " + got, shown);
}

/// What the call returns. If it throws, the inputs are added to the exception's text, but for what
/// a starter throws.
template <typename Call>
auto answer_of(const Inputs& inputs, Call&& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    if (typeid(e) == typeid(std::logic_error)) throw;
    std::string what = e.what();
    what.erase(std::min(what.find("\nException raised from "), what.size()));
    throw std::runtime_error(what + "\n" + describe(inputs));
  }
}

/// Sees that a call leaves its inputs as they were and returns memory of its own.
class UntouchedInputs {
 public:
  explicit UntouchedInputs(Inputs inputs) : inputs_(std::move(inputs)) {
    for (const Input& input : inputs_) {
      before_.push_back(input.value.detach().clone());
      strides_.push_back(input.value.strides().vec());
      required_gradients_.push_back(input.value.requires_grad());
    }
  }

  const Inputs& inputs() const { return inputs_; }

  void expect_unchanged() const {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const torch::Tensor& now = inputs_[i].value;
      expect_same_bits(inputs_[i].name + " after the call", now, before_[i], inputs_);
      if (now.strides() != torch::IntArrayRef(strides_[i]) ||
          now.requires_grad() != required_gradients_[i]) {
        fail(inputs_[i].name + " has other strides or another requires_grad after the call",
             inputs_);
      }
    }
  }

  void expect_not_shared(const torch::Tensor& result) const {
    for (const Input& input : inputs_) {
      if (result.defined() && result.is_alias_of(input.value)) {
        fail("the result shares memory with " + input.name, inputs_);
      }
    }
  }

 private:
  Inputs inputs_;
  std::vector<torch::Tensor> before_;
  std::vector<std::vector<std::int64_t>> strides_;
  std::vector<bool> required_gradients_;
};

}  // namespace support
