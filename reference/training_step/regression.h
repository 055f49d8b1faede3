#pragma once

// A linear model with data, and what one step of plain descent must do to it.

#include <vector>

#include "level1.h"
#include "oracle.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace regression {

using step_cases::parameter;
using support::Inputs;
using support::RandomTensors;

/// A linear model with its data.
struct Regression {
  torch::Tensor weight, bias;  // (K, D), (K)
  kata::Batch batch;

  std::vector<torch::Tensor> parameters() const { return {weight, bias}; }
  kata::Linear model() const { return {weight, bias}; }
  Inputs shown() const {
    return {{"weight", weight.detach().clone()},
            {"bias", bias.detach().clone()},
            {"inputs", batch.inputs},
            {"targets", batch.targets}};
  }
};

inline Regression random_regression(RandomTensors& random,
                                    torch::ScalarType dtype = torch::kFloat32,
                                    std::int64_t rows = 5, std::int64_t d = 3, std::int64_t k = 4) {
  return {parameter(random.normal({k, d}, dtype)),
          parameter(random.normal({k}, dtype)),
          {random.normal({rows, d}, dtype), random.normal({rows, k}, dtype)}};
}

/// What one step must do to a Regression: computed from copies, before the attempt runs.
struct Expected {
  double loss = 0, norm = 0;
  torch::Tensor weight_gradient, bias_gradient;  // clipped
  torch::Tensor weight, bias;                    // after plain descent

  Expected(const Regression& r, double max_norm, double lr) {
    const torch::Tensor x = oracle::float64(r.batch.inputs), w = oracle::float64(r.weight);
    const torch::Tensor b = oracle::float64(r.bias);
    const auto squares =
        oracle::mean_squares(oracle::linear(x, w, b), oracle::float64(r.batch.targets));
    const auto gradients = oracle::linear_backward(x, w, squares.gradient);
    loss = squares.loss;
    weight_gradient = gradients.weight;
    if (r.bias.requires_grad()) bias_gradient = gradients.bias;
    norm = oracle::clip({weight_gradient, bias_gradient}, max_norm);
    weight = w - weight_gradient * lr;
    bias = bias_gradient.defined() ? b - bias_gradient * lr : b;
  }
};

}  // namespace regression
