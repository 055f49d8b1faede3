// RMSNorm of activations as wide as a model: nothing but memory traffic.
#include "support/kernel.h"

#include "rms_norm/rungs.h"
#include "support/backend.h"
#include "support/float64_error.h"
#include "support/random_tensors.h"

namespace unaided::bench::rms_norm {
namespace {

double error(const Tensors& inputs, const Tensors& outputs) {
  if (!has_outputs(outputs, 1)) return kIncomparable;
  const torch::Tensor x = inputs[0].to(torch::kFloat64);
  const torch::Tensor mean = x.square().mean(/*dim=*/1, /*keepdim=*/true);
  const torch::Tensor want = x / (mean + kEpsilon).sqrt() * inputs[1];
  return relative_error(outputs[0], want, /*floor=*/1e-6);
}

Problem problem(std::int64_t rows, std::int64_t columns, const std::string& shape) {
  Problem made;
  made.shape = shape;
  made.dtype = "f32";
  made.text = std::to_string(rows) + " rows of " + std::to_string(columns);
  const auto elements = static_cast<double>(rows * columns);
  made.flops = 4 * elements;
  made.bytes_min = sizeof(float) * (2 * elements + static_cast<double>(columns));
  made.limit = Limit::kCopy;
  made.tiny = shape == "tiny";
  made.parameters = {{"epsilon", kEpsilon}};
  made.make_inputs = [rows, columns](std::uint64_t seed) {
    RandomTensors random(seed);
    return Tensors{random.normal({rows, columns}), random.normal({columns}, 0.1).add_(1)};
  };
  made.error = error;
  made.error_max = 1e-5;  // of each result, relative
  return made;
}

template <auto kRows>
Tensors run_loops(const Problem&, const Tensors& inputs) {
  const torch::Tensor& x = inputs[0];
  const torch::Tensor y = torch::empty_like(x);
  kRows(x.const_data_ptr<float>(), inputs[1].const_data_ptr<float>(), y.mutable_data_ptr<float>(),
        x.size(0), x.size(1));
  return {y};
}

template <auto kTensorOps>
Tensors run_tensor_ops(const Problem&, const Tensors& inputs) {
  return {kTensorOps(inputs[0], inputs[1])};
}

std::string backend_of_libtorch(const Problem& problem, const Tensors& inputs) {
  return "linalg_vector_norm + mul + mul_, " + libtorch_backend(problem, inputs);
}

}  // namespace

Kernel kernel() {
  Kernel made;
  made.id = "rms_norm";
  made.text = "RMSNorm of a batch of activations";
  made.problems = {problem(4096, 4096, "4096x4096"), problem(5, 1031, "tiny")};
  made.rungs = {
      {"naive",
       "Two plain loops over a row: the sum of squares, one addition after the other, and the "
       "scaling.",
       run_loops<naive>, nullptr},
      {"composed",
       "Every tensor op is vectorised, but 67 MB travel to memory or back for each operand and "
       "each result: 470 MB for squares, mean and two products.",
       run_tensor_ops<composed>, nullptr},
      {"libtorch",
       "The norm of each row is one reading without a result to write, and the weight is applied "
       "in place: 336 MB instead of 470. It still reads x twice and the result once more.",
       run_tensor_ops<libtorch>, backend_of_libtorch},
      {"fast",
       "A row is read from memory once and scaled out of L1; the result is stored past the caches "
       "while the next row is fetched ahead: 134 MB in all, the least there is.",
       run_loops<fast>, fast_backend},
  };
  made.card_contracts = {
      {"cuda_rms_norm",
       1,
       "rms_norm",
       {"4096x4096/f32", "tiny/f32"},
       "A block holds its row in registers between the sum and the scaling: every number is read "
       "once, four at a time with four loads in flight, and written once."}};
  return made;
}

}  // namespace unaided::bench::rms_norm
