#pragma once

// What is right for losses and gradients, in float64 and in plain loops over memory. Shares
// nothing with the reference and asks no LibTorch operator for more than copies.

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace oracle {

/// float64, contiguous, memory of its own: what an attempt does later to `t` cannot reach it.
inline torch::Tensor float64(const torch::Tensor& t) {
  return t.detach().to(torch::kFloat64, /*non_blocking=*/false, /*copy=*/true).contiguous();
}

inline torch::Tensor zeros(torch::IntArrayRef sizes) {
  return torch::zeros(sizes, torch::kFloat64);
}

inline double* entries(const torch::Tensor& t) {
  return t.data_ptr<double>();
}

/// x (N, D) · weight (K, D)ᵀ + bias (K) → (N, K); all float64.
inline torch::Tensor linear(const torch::Tensor& x, const torch::Tensor& weight,
                            const torch::Tensor& bias) {
  const std::int64_t rows = x.size(0), in = x.size(1), out = weight.size(0);
  torch::Tensor y = zeros({rows, out});
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t o = 0; o < out; ++o) {
      double sum = entries(bias)[o];
      for (std::int64_t c = 0; c < in; ++c) {
        sum += entries(x)[r * in + c] * entries(weight)[o * in + c];
      }
      entries(y)[r * out + o] = sum;
    }
  }
  return y;
}

struct LinearGradients {
  torch::Tensor weight, bias, inputs;
};

/// Of linear(), for dy (N, K).
inline LinearGradients linear_backward(const torch::Tensor& x, const torch::Tensor& weight,
                                       const torch::Tensor& dy) {
  const std::int64_t rows = x.size(0), in = x.size(1), out = weight.size(0);
  LinearGradients g{zeros({out, in}), zeros({out}), zeros({rows, in})};
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t o = 0; o < out; ++o) {
      const double d = entries(dy)[r * out + o];
      entries(g.bias)[o] += d;
      for (std::int64_t c = 0; c < in; ++c) {
        entries(g.weight)[o * in + c] += d * entries(x)[r * in + c];
        entries(g.inputs)[r * in + c] += d * entries(weight)[o * in + c];
      }
    }
  }
  return g;
}

struct MeanSquares {
  double loss = 0;
  torch::Tensor gradient;  // in the outputs
};

inline MeanSquares mean_squares(const torch::Tensor& outputs, const torch::Tensor& targets) {
  MeanSquares result{0, zeros(outputs.sizes())};
  const auto count = static_cast<double>(outputs.numel());
  for (std::int64_t i = 0; i < outputs.numel(); ++i) {
    const double difference = entries(outputs)[i] - entries(targets)[i];
    result.loss += difference * difference / count;
    entries(result.gradient)[i] = 2 * difference / count;
  }
  return result;
}

/// The root of the sum of all squares; undefined tensors are left out.
inline double norm(const std::vector<torch::Tensor>& gradients) {
  double squares = 0;
  for (const torch::Tensor& g : gradients) {
    if (!g.defined()) continue;
    for (std::int64_t i = 0; i < g.numel(); ++i) squares += entries(g)[i] * entries(g)[i];
  }
  return std::sqrt(squares);
}

/// Scales float64 gradients in place as the contracts say; returns the norm before.
inline double clip(const std::vector<torch::Tensor>& gradients, double max_norm) {
  const double before = norm(gradients);
  const double coefficient = max_norm / (before + 1e-6);
  if (!std::isfinite(before) || coefficient >= 1) return before;
  for (const torch::Tensor& g : gradients) {
    if (!g.defined()) continue;
    for (std::int64_t i = 0; i < g.numel(); ++i) entries(g)[i] *= coefficient;
  }
  return before;
}

struct CrossEntropy {
  double loss = 0;
  std::int64_t valid = 0;
  torch::Tensor gradient;  // float64 (N, V)
};

/// logits of any dtype and strides. Rows that do not count are never read.
inline CrossEntropy cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                                  std::int64_t ignore_index) {
  const torch::Tensor x = float64(logits), t = targets.contiguous();
  const std::int64_t rows = x.size(0), classes = x.size(1);
  CrossEntropy result{0, 0, zeros({rows, classes})};
  const std::int64_t* target = t.data_ptr<std::int64_t>();
  for (std::int64_t r = 0; r < rows; ++r) result.valid += target[r] != ignore_index ? 1 : 0;
  const auto valid = static_cast<double>(result.valid);
  for (std::int64_t r = 0; r < rows; ++r) {
    if (target[r] == ignore_index) continue;
    const double* row = entries(x) + r * classes;
    double* gradient = entries(result.gradient) + r * classes;
    const double peak = *std::max_element(row, row + classes);
    double sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) sum += std::exp(row[c] - peak);
    result.loss += (std::log(sum) - (row[target[r]] - peak)) / valid;
    for (std::int64_t c = 0; c < classes; ++c) gradient[c] = std::exp(row[c] - peak) / sum / valid;
    gradient[target[r]] -= 1 / valid;
  }
  return result;
}

struct MlpGradients {
  double loss = 0;
  std::int64_t valid = 0;
  torch::Tensor w1, b1, w2, b2, inputs;
};

/// For kata::Mlp or anything else with w1, b1, w2 and b2.
template <typename Mlp>
MlpGradients mlp_backward(const Mlp& mlp, const torch::Tensor& inputs, const torch::Tensor& targets,
                          std::int64_t ignore_index) {
  const torch::Tensor x = float64(inputs), w1 = float64(mlp.w1), w2 = float64(mlp.w2);
  const torch::Tensor before = linear(x, w1, float64(mlp.b1));
  torch::Tensor hidden = before.clone();
  for (std::int64_t i = 0; i < hidden.numel(); ++i) {
    entries(hidden)[i] = std::max(entries(before)[i], 0.0);
  }
  const CrossEntropy top =
      cross_entropy(linear(hidden, w2, float64(mlp.b2)), targets, ignore_index);
  const LinearGradients second = linear_backward(hidden, w2, top.gradient);
  for (std::int64_t i = 0; i < before.numel(); ++i) {
    if (entries(before)[i] <= 0) entries(second.inputs)[i] = 0;
  }
  const LinearGradients first = linear_backward(x, w1, second.inputs);
  return {top.loss, top.valid, first.weight, first.bias, second.weight, second.bias, first.inputs};
}

}  // namespace oracle
