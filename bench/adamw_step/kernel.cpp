// One AdamW step over the parameters of a layer: a read-modify-write of all that training keeps.
#include "support/kernel.h"

#include <algorithm>
#include <cmath>

#include "adamw_step/rungs.h"
#include "support/backend.h"
#include "support/float64_error.h"
#include "support/random_tensors.h"

namespace unaided::bench::adamw_step {

Factors::Factors(const Options& options)
    : decay(static_cast<float>(1 - options.lr * options.weight_decay)),
      beta1(static_cast<float>(options.beta1)),
      rest1(static_cast<float>(1 - options.beta1)),
      beta2(static_cast<float>(options.beta2)),
      rest2(static_cast<float>(1 - options.beta2)),
      rate(static_cast<float>(options.lr / (1 - std::pow(options.beta1, options.step)))),
      inverse_root2(static_cast<float>(1 / std::sqrt(1 - std::pow(options.beta2, options.step)))),
      eps(static_cast<float>(options.eps)) {}

namespace {

constexpr Options kOptions = {1e-3, 0.9, 0.999, 1e-8, 1e-2, /*step=*/10};

/// Inputs are the parameters, their gradients, their m and their v, in this order.
struct State {
  Tensors p, g, m, v;
};

State state_of(const Tensors& inputs) {
  const std::size_t count = inputs.size() / 4;
  const auto quarter = [&inputs, count](std::size_t i) {
    const auto begin = inputs.begin() + static_cast<std::ptrdiff_t>(i * count);
    return Tensors(begin, begin + static_cast<std::ptrdiff_t>(count));
  };
  return {quarter(0), quarter(1), quarter(2), quarter(3)};
}

Tensors outputs_of(const State& state) {
  Tensors outputs = state.p;
  outputs.insert(outputs.end(), state.m.begin(), state.m.end());
  outputs.insert(outputs.end(), state.v.begin(), state.v.end());
  return outputs;
}

/// After steps with one and the same gradient: m = (1 − beta1^n) g and v = (1 − beta2^n) g². Then
/// m / (1 − beta1^t) is g at any step t, so that an optimizer that keeps m and v to itself, and
/// begins with zeros, must change the parameters in the same way.
Tensors make_inputs(std::int64_t count, std::int64_t size, std::uint64_t seed) {
  RandomTensors random(seed);
  Tensors p, g, m, v;
  for (std::int64_t i = 0; i < count; ++i) {
    p.push_back(random.normal({size}, /*deviation=*/0.02));
    g.push_back(random.normal({size}));
    m.push_back(g.back() * (1 - std::pow(kOptions.beta1, kOptions.step - 1)));
    v.push_back(g.back().square() * (1 - std::pow(kOptions.beta2, kOptions.step - 1)));
  }
  Tensors inputs = p;
  for (const Tensors* part : {&g, &m, &v}) inputs.insert(inputs.end(), part->begin(), part->end());
  return inputs;
}

/// Of an attempt only the parameters are there to be compared.
double error(const Tensors& inputs, const Tensors& outputs) {
  const State before = state_of(inputs);
  const std::size_t count = before.p.size();
  const bool has_means = outputs.size() == 3 * count;
  if (!has_outputs(outputs, has_means ? 3 * count : count)) return kIncomparable;
  double largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const torch::Tensor g = before.g[i].to(torch::kFloat64);
    const torch::Tensor m =
        before.m[i].to(torch::kFloat64) * kOptions.beta1 + g * (1 - kOptions.beta1);
    const torch::Tensor v =
        before.v[i].to(torch::kFloat64) * kOptions.beta2 + g.square() * (1 - kOptions.beta2);
    const torch::Tensor root =
        (v / (1 - std::pow(kOptions.beta2, kOptions.step))).sqrt_().add_(kOptions.eps);
    const torch::Tensor change =
        m / root * (kOptions.lr / (1 - std::pow(kOptions.beta1, kOptions.step)));
    const torch::Tensor p =
        before.p[i].to(torch::kFloat64) * (1 - kOptions.lr * kOptions.weight_decay) - change;
    largest = std::max(largest, relative_error(outputs[i], p, /*floor=*/kOptions.lr));
    if (!has_means) continue;
    largest = std::max(largest, relative_error(outputs[count + i], m, /*floor=*/0.1));
    largest = std::max(largest, relative_error(outputs[2 * count + i], v, /*floor=*/0.1));
  }
  return largest;
}

Problem problem(std::int64_t count, std::int64_t size, const std::string& shape) {
  Problem made;
  made.shape = shape;
  made.dtype = "f32";
  made.text = std::to_string(count) + " tensors of " + std::to_string(size);
  const auto elements = static_cast<double>(count * size);
  made.flops = 14 * elements;
  made.bytes_min = 7 * sizeof(float) * elements;
  made.limit = Limit::kReadModifyWrite;
  made.tiny = shape == "tiny";
  made.parameters = {{"lr", kOptions.lr},       {"beta1", kOptions.beta1},
                     {"beta2", kOptions.beta2}, {"eps", kOptions.eps},
                     {"step", kOptions.step},   {"weight_decay", kOptions.weight_decay}};
  made.make_inputs = [count, size](std::uint64_t seed) { return make_inputs(count, size, seed); };
  for (const std::int64_t part : {0, 2, 3}) {
    for (std::int64_t i = 0; i < count; ++i) {
      made.in_place.push_back(static_cast<int>(part * count + i));
    }
  }
  made.error = error;
  made.error_max = 2e-6;  // relative
  return made;
}

template <auto kUpdate>
Tensors run_loops(const Problem&, const Tensors& inputs) {
  const State state = state_of(inputs);
  const Factors factors(kOptions);
  for (std::size_t i = 0; i < state.p.size(); ++i) {
    kUpdate({state.p[i].mutable_data_ptr<float>(), state.g[i].const_data_ptr<float>(),
             state.m[i].mutable_data_ptr<float>(), state.v[i].mutable_data_ptr<float>(),
             state.p[i].numel()},
            factors);
  }
  return outputs_of(state);
}

template <auto kTensorOps>
Tensors run_tensor_ops(const Problem&, const Tensors& inputs) {
  const State state = state_of(inputs);
  kTensorOps(state.p, state.g, state.m, state.v, kOptions);
  return outputs_of(state);
}

std::string backend_of_libtorch(const Problem& problem, const Tensors& inputs) {
  return "_fused_adamw_, " + libtorch_backend(problem, inputs);
}

}  // namespace

Kernel kernel() {
  Kernel made;
  made.id = "adamw_step";
  made.text = "one AdamW step, in place";
  made.problems = {problem(16, 1000000, "16x1M"), problem(3, 1003, "tiny")};
  made.rungs = {
      {"composed",
       "Nine tensor ops for each parameter, one after the other over 4 MB that may just stay in "
       "the last-level cache: 22 reads and writes of each number where 7 are needed.",
       run_tensor_ops<composed>, nullptr},
      {"naive",
       "One loop and one pass: 256 MB read and 192 MB written back, the least there is. But "
       "std::sqrt may set errno, so the compiler leaves it at one number at a time.",
       run_loops<naive>, nullptr},
      {"libtorch",
       "One fused op for all tensors, the same one pass: it is at the limit of memory, and nothing "
       "can be much faster.",
       run_tensor_ops<libtorch>, backend_of_libtorch},
      {"fast",
       "The same 448 MB in the same one pass, with lines asked for ahead in all four streams: a "
       "figure much better than LibTorch's would be a mistake in the measurement.",
       run_loops<fast>, fast_backend},
  };
  made.contracts = {{"training_step", 3, "make_adamw", {}}};
  return made;
}

}  // namespace unaided::bench::adamw_step
