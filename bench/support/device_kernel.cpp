#include "support/device_kernel.h"

#include <algorithm>

#include "support/attempt_library.h"
#include "support/float64_error.h"

namespace unaided::bench {

namespace {

constexpr const char* kComposed = "composed";
constexpr const char* kOperatorRungs[] = {kComposed, "libtorch"};

/// Kernels whose float32 problems get a twin in bfloat16, with its tolerance: what rounding a
/// correct result costs (1/256), and what a norm adds that is itself rounded.
struct Twin {
  const char* kernel;
  double error_max;
};
constexpr Twin kTwins[] = {{"softmax", 1e-2}, {"rms_norm", 2e-2}};

Tensors with_floats_as(const Tensors& tensors, torch::ScalarType dtype) {
  Tensors converted;
  for (const torch::Tensor& tensor : tensors) {
    const bool floating = tensor.defined() && tensor.is_floating_point();
    converted.push_back(floating ? tensor.to(dtype) : tensor);
  }
  return converted;
}

bool all_bfloat16(const Tensors& tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const torch::Tensor& tensor) {
    return tensor.defined() && tensor.scalar_type() == torch::kBFloat16;
  });
}

Problem place(const Problem& problem, const torch::Device& device) {
  Problem placed = problem;
  placed.make_inputs = [make = problem.make_inputs, device](std::uint64_t seed) {
    return moved(make(seed), device);
  };
  placed.error = [error = problem.error](const Tensors& inputs, const Tensors& outputs) {
    return error(moved(inputs, torch::kCPU), moved(outputs, torch::kCPU));
  };
  return placed;
}

/// The float32 problem with all numbers in bfloat16; half the bytes.
Problem in_bfloat16(const Problem& problem, double error_max) {
  Problem twin = problem;
  twin.dtype = "bf16";
  twin.bytes_min /= 2;
  twin.error_max = error_max;
  twin.make_inputs = [make = problem.make_inputs](std::uint64_t seed) {
    return with_floats_as(make(seed), torch::kBFloat16);
  };
  twin.error = [error = problem.error](const Tensors& inputs, const Tensors& outputs) {
    if (!all_bfloat16(outputs)) return kIncomparable;
    return error(with_floats_as(inputs, torch::kFloat32), with_floats_as(outputs, torch::kFloat32));
  };
  return twin;
}

Rung in_float32(const Rung& rung) {
  Rung converted = rung;
  converted.run = [run = rung.run](const Problem& problem, const Tensors& inputs) {
    if (problem.dtype != "bf16") return run(problem, inputs);
    return with_floats_as(run(problem, with_floats_as(inputs, torch::kFloat32)), torch::kBFloat16);
  };
  return converted;
}

}  // namespace

Tensors moved(const Tensors& tensors, const torch::Device& device) {
  Tensors copies;
  for (const torch::Tensor& tensor : tensors) {
    copies.push_back(tensor.defined() ? tensor.to(device) : tensor);
  }
  return copies;
}

void add_fast_rung(Kernel& kernel, const std::string& library,
                   const std::vector<std::string>& shapes) {
  kernel.rungs.push_back(load_attempt(library, "fast", shapes));
  kernel.rungs.back().lesson = kernel.card_contracts.at(0).lesson;
}

Kernel on_device(const Kernel& kernel, const torch::Device& device) {
  Kernel placed = kernel;
  const auto* twin = std::find_if(std::begin(kTwins), std::end(kTwins),
                                  [&](const Twin& one) { return one.kernel == kernel.id; });
  const bool twins = twin != std::end(kTwins);
  placed.contracts.insert(placed.contracts.end(), kernel.card_contracts.begin(),
                          kernel.card_contracts.end());
  placed.problems.clear();
  for (const Problem& problem : kernel.problems) {
    placed.problems.push_back(place(problem, device));
    if (twins) placed.problems.push_back(place(in_bfloat16(problem, twin->error_max), device));
  }
  placed.rungs.clear();
  for (const char* name : kOperatorRungs) {
    for (const Rung& rung : kernel.rungs) {
      if (rung.name != name) continue;
      placed.rungs.push_back(twins && name == kComposed ? in_float32(rung) : rung);
      placed.rungs.back().lesson.clear();
    }
  }
  return placed;
}

}  // namespace unaided::bench
