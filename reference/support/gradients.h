#pragma once

// Gradients by finite differences. LibTorch's C++ interface has no public gradcheck; and
// differences of the oracle rather than of the attempt cost microseconds and also tell when the
// attempt's result and gradient are wrong together.

#include <functional>
#include <vector>

#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace support {

using TensorFunction = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;

inline std::vector<torch::Tensor> values_of(const Inputs& inputs) {
  std::vector<torch::Tensor> values;
  for (const Input& input : inputs) values.push_back(input.value);
  return values;
}

/// d sum(cotangent ⊙ f(inputs)) / d inputs[which], by central differences in float64. f must accept
/// float64; `inputs` are converted.
inline torch::Tensor finite_differences(const TensorFunction& f, std::vector<torch::Tensor> inputs,
                                        std::size_t which, const torch::Tensor& cotangent) {
  constexpr double kStep = 1e-5;  // error: kStep² of truncation, 1e-16 / kStep of rounding
  for (torch::Tensor& input : inputs) {
    input = input.detach().to(torch::kFloat64, /*non_blocking=*/false, /*copy=*/true).contiguous();
  }
  const torch::Tensor weights = cotangent.to(torch::kFloat64).contiguous();
  const auto loss = [&] {
    const torch::Tensor result = f(inputs).contiguous();
    const double* r = result.data_ptr<double>();
    const double* w = weights.data_ptr<double>();
    double sum = 0;
    for (std::int64_t i = 0; i < result.numel(); ++i) sum += w[i] * r[i];
    return sum;
  };
  torch::Tensor gradient = torch::empty_like(inputs[which]);
  double* entries = inputs[which].data_ptr<double>();
  for (std::int64_t i = 0; i < gradient.numel(); ++i) {
    const double here = entries[i];
    entries[i] = here + kStep;
    const double above = loss();
    entries[i] = here - kStep;
    const double below = loss();
    entries[i] = here;
    gradient.data_ptr<double>()[i] = (above - below) / (2 * kStep);
  }
  return gradient;
}

/// Gradients that autograd finds for `attempt`, one an input; an undefined one where none arrived.
inline std::vector<torch::Tensor> autograd_gradients(const TensorFunction& attempt,
                                                     const Inputs& inputs,
                                                     const torch::Tensor& cotangent) {
  std::vector<torch::Tensor> leaves;
  for (const Input& input : inputs) {
    leaves.push_back(input.value.detach().clone().requires_grad_());
  }
  const torch::Tensor result = attempt(leaves);
  if (!result.defined() || !result.requires_grad()) {
    return std::vector<torch::Tensor>(inputs.size());
  }
  result.backward(cotangent.to(result.scalar_type()));
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& leaf : leaves) gradients.push_back(leaf.grad());
  return gradients;
}

/// Autograd's gradients of `attempt` in every input must be those of `oracle`, for a random weight
/// of each element of the result.
inline void expect_gradients(const TensorFunction& attempt, const TensorFunction& oracle,
                             const Inputs& inputs, const Tolerance& tolerance,
                             RandomTensors& random) {
  const torch::Tensor cotangent =
      random.normal(oracle(values_of(inputs)).sizes().vec(), tolerance.dtype);
  const auto gradients = autograd_gradients(attempt, inputs, cotangent);
  Inputs all = inputs;
  all.push_back({"weights of the result", cotangent});
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string what = "the gradient of sum(weights * result) in " + inputs[i].name;
    if (!gradients[i].defined()) {
      fail(what + " is undefined, expected one", all);
      continue;
    }
    expect_close(what, gradients[i], finite_differences(oracle, values_of(inputs), i, cotangent),
                 tolerance, all);
  }
}

}  // namespace support
