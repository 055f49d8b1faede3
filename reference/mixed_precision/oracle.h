#pragma once

// What is right for a step with a scaled loss, in float64 and in plain loops over memory. Shares
// nothing with the reference and asks no LibTorch operator for more than copies.

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace oracle {

/// float64, contiguous, memory of its own: what an attempt does later to `t` cannot reach it.
inline torch::Tensor float64(const torch::Tensor& t) {
  return t.detach().to(torch::kFloat64, /*non_blocking=*/false, /*copy=*/true).contiguous();
}

inline double* entries(const torch::Tensor& t) {
  return t.data_ptr<double>();
}

/// Of the mean squared error of x · weightᵀ + bias. No scale: it must not matter.
struct LinearStep {
  double loss = 0, norm = 0;  // norm before clipping, over the gradients that count
  torch::Tensor weight_gradient, bias_gradient;  // clipped; undefined where frozen

  LinearStep(const torch::Tensor& inputs, const torch::Tensor& targets, const torch::Tensor& weight,
             const torch::Tensor& bias, double max_norm) {
    const torch::Tensor x = float64(inputs), t = float64(targets);
    const torch::Tensor w = float64(weight), b = float64(bias);
    const std::int64_t rows = x.size(0), in = x.size(1), out = w.size(0);
    torch::Tensor dw = torch::zeros({out, in}, torch::kFloat64);
    torch::Tensor db = torch::zeros({out}, torch::kFloat64);
    const auto count = static_cast<double>(rows * out);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t o = 0; o < out; ++o) {
        double difference = entries(b)[o] - entries(t)[r * out + o];
        for (std::int64_t c = 0; c < in; ++c) {
          difference += entries(x)[r * in + c] * entries(w)[o * in + c];
        }
        loss += difference * difference / count;
        entries(db)[o] += 2 * difference / count;
        for (std::int64_t c = 0; c < in; ++c) {
          entries(dw)[o * in + c] += 2 * difference / count * entries(x)[r * in + c];
        }
      }
    }
    if (weight.requires_grad()) weight_gradient = dw;
    if (bias.requires_grad()) bias_gradient = db;
    clip(max_norm);
  }

 private:
  void clip(double max_norm) {
    double squares = 0;
    for (const torch::Tensor& g : {weight_gradient, bias_gradient}) {
      if (!g.defined()) continue;
      for (std::int64_t i = 0; i < g.numel(); ++i) squares += entries(g)[i] * entries(g)[i];
    }
    norm = std::sqrt(squares);
    const double factor = std::min(1.0, max_norm / (norm + 1e-6));
    for (const torch::Tensor& g : {weight_gradient, bias_gradient}) {
      if (!g.defined()) continue;
      for (std::int64_t i = 0; i < g.numel(); ++i) entries(g)[i] *= factor;
    }
  }
};

/// The scale after each step. `Options` is kata::TrainerOptions.
template <typename Options>
struct Scale {
  Options options;
  double scale = options.initial_scale;
  std::int64_t good_steps = 0;

  void after(bool overflow) {
    if (overflow) {
      scale = scale * 0.5 < options.min_scale ? options.min_scale : scale * 0.5;
      good_steps = 0;
      return;
    }
    good_steps += 1;
    if (good_steps < options.growth_interval) return;
    scale = scale * 2 > options.max_scale ? options.max_scale : scale * 2;
    good_steps = 0;
  }
};

}  // namespace oracle
