#include "support/device_kernel.h"

#include <algorithm>

#include "support/attempt_library.h"
#include "support/float64_error.h"

namespace unaided::bench {

namespace {

constexpr const char* kComposed = "composed";
constexpr const char* kBfloat16 = "bf16";
constexpr const char* kOperatorRungs[] = {kComposed, "libtorch"};

/// Kernels whose float32 problems get a twin in bfloat16, with its tolerance: what rounding a
/// correct result costs (1/256), and what is rounded on the way to it. 0 leaves that of float32,
/// where no result is a rounded number.
struct Twin {
  const char* kernel;
  double error_max;
  bool composed_in_float32;
  bool libtorch_in_float32;
};
constexpr Twin kTwins[] = {
    {"softmax", 1e-2, true, false},       {"rms_norm", 2e-2, true, false},
    {"cross_entropy", 2e-2, true, false}, {"adamw_step", 2e-2, false, false},
    {"sampling", 0, true, true},  // sums of 128,256 probabilities need more digits
    {"top_k", 0, false, false},
};

const Twin* twin_of(const Kernel& kernel) {
  const auto* twin = std::find_if(std::begin(kTwins), std::end(kTwins),
                                  [&](const Twin& one) { return one.kernel == kernel.id; });
  return twin == std::end(kTwins) ? nullptr : twin;
}

Tensors converted(const Tensors& tensors, torch::ScalarType from, torch::ScalarType to) {
  Tensors made;
  for (const torch::Tensor& tensor : tensors) {
    const bool meant = tensor.defined() && tensor.scalar_type() == from;
    made.push_back(meant ? tensor.to(to) : tensor);
  }
  return made;
}

Tensors to_bfloat16(const Tensors& tensors) {
  return converted(tensors, torch::kFloat32, torch::kBFloat16);
}

Tensors to_float32(const Tensors& tensors) {
  return converted(tensors, torch::kBFloat16, torch::kFloat32);
}

bool any_float32(const Tensors& tensors) {
  return std::any_of(tensors.begin(), tensors.end(), [](const torch::Tensor& tensor) {
    return tensor.defined() && tensor.scalar_type() == torch::kFloat32;
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

/// The float32 problem with these numbers in bfloat16; half the bytes.
Problem in_bfloat16(const Problem& problem, const Twin& twin) {
  Problem made = problem;
  made.dtype = kBfloat16;
  made.bytes_min /= 2;
  if (twin.error_max > 0) made.error_max = twin.error_max;
  made.make_inputs = [make = problem.make_inputs](std::uint64_t seed) {
    return to_bfloat16(make(seed));
  };
  made.error = [error = problem.error](const Tensors& inputs, const Tensors& outputs) {
    if (any_float32(outputs)) return kIncomparable;
    return error(to_float32(inputs), to_float32(outputs));
  };
  return made;
}

Rung in_float32(const Rung& rung) {
  Rung made = rung;
  made.run = [run = rung.run](const Problem& problem, const Tensors& inputs) {
    if (problem.dtype != kBfloat16) return run(problem, inputs);
    return to_bfloat16(run(problem, to_float32(inputs)));
  };
  if (rung.backend) {
    made.backend = [backend = rung.backend](const Problem& problem, const Tensors& inputs) {
      return backend(problem, to_float32(inputs));
    };
  }
  return made;
}

/// Attempts are written for float32: twins are not theirs to be timed on.
Contract for_float32(Contract contract, const std::vector<Problem>& problems) {
  if (contract.shapes.empty()) {
    for (const Problem& problem : problems) contract.shapes.push_back(problem.shape);
  }
  for (std::string& shape : contract.shapes) {
    if (shape.find('/') == std::string::npos) shape += "/f32";
  }
  return contract;
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
  const Twin* twin = twin_of(kernel);
  placed.contracts.insert(placed.contracts.end(), kernel.card_contracts.begin(),
                          kernel.card_contracts.end());
  placed.problems.clear();
  for (const Problem& problem : kernel.problems) {
    placed.problems.push_back(place(problem, device));
    if (twin) placed.problems.push_back(place(in_bfloat16(problem, *twin), device));
  }
  if (twin) {
    for (Contract& one : placed.contracts) one = for_float32(std::move(one), kernel.problems);
  }
  placed.rungs.clear();
  for (const char* name : kOperatorRungs) {
    for (const Rung& rung : kernel.rungs) {
      if (rung.name != name) continue;
      const bool composed = name == kComposed;
      const bool converts =
          twin && (composed ? twin->composed_in_float32 : twin->libtorch_in_float32);
      placed.rungs.push_back(converts ? in_float32(rung) : rung);
      placed.rungs.back().lesson.clear();
    }
  }
  return placed;
}

}  // namespace unaided::bench
