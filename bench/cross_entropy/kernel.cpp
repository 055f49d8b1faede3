// Cross entropy over a vocabulary and its gradient: the end of a language model's forward pass.
#include "support/kernel.h"

#include <algorithm>

#include "cross_entropy/rungs.h"
#include "support/backend.h"
#include "support/float64_error.h"
#include "support/random_tensors.h"

namespace unaided::bench::cross_entropy {
namespace {

double error(const Tensors& inputs, const Tensors& outputs) {
  if (!has_outputs(outputs, 2)) return kIncomparable;
  const torch::Tensor columns = inputs[1].unsqueeze(1);
  torch::Tensor want = torch::softmax(inputs[0].to(torch::kFloat64), /*dim=*/1);
  const torch::Tensor loss = want.gather(/*dim=*/1, columns).log().mean().neg();
  want.scatter_add_(/*dim=*/1, columns, torch::full_like(columns, -1, torch::kFloat64));
  want.div_(static_cast<double>(inputs[0].size(0)));
  return std::max(relative_error(outputs[0], loss, /*floor=*/1e-3),
                  relative_error(outputs[1], want, /*floor=*/1e-30));
}

Problem problem(Sizes sizes, const std::string& shape) {
  Problem made;
  made.shape = shape;
  made.dtype = "f32";
  made.text = std::to_string(sizes.rows) + " rows of " + std::to_string(sizes.classes) +
              ", forward and backward";
  const auto elements = static_cast<double>(sizes.rows * sizes.classes);
  // An exponential of about 13 FLOPs, a maximum, a difference, a sum and a product.
  made.flops = 17 * elements;
  made.bytes_min = 2 * sizeof(float) * elements;
  made.limit = Limit::kCopy;
  made.tiny = shape == "tiny";
  made.make_inputs = [sizes](std::uint64_t seed) {
    RandomTensors random(seed);
    return Tensors{random.normal({sizes.rows, sizes.classes}, /*deviation=*/3),
                   random.integers({sizes.rows}, sizes.classes)};
  };
  made.error = error;
  made.error_max = 5e-5;  // of the loss and of each element of the gradient, relative
  return made;
}

template <auto kLoops>
Tensors run_loops(const Problem&, const Tensors& inputs) {
  const torch::Tensor& logits = inputs[0];
  const torch::Tensor gradient = torch::empty_like(logits);
  const float loss =
      kLoops(logits.const_data_ptr<float>(), inputs[1].const_data_ptr<std::int64_t>(),
             gradient.mutable_data_ptr<float>(), {logits.size(0), logits.size(1)});
  return {torch::full({}, loss), gradient};
}

template <auto kTensorOps>
Tensors run_tensor_ops(const Problem&, const Tensors& inputs) {
  const auto [loss, gradient] = kTensorOps(inputs[0], inputs[1]);
  return {loss, gradient};
}

std::string backend_of_libtorch(const Problem& problem, const Tensors& inputs) {
  return "softmax + scatter_add_, " + libtorch_backend(problem, inputs);
}

}  // namespace

Kernel kernel() {
  Kernel made;
  made.id = "cross_entropy";
  made.text = "the mean cross entropy of logits and its gradient";
  made.problems = {problem({256, 32000}, "256x32000"), problem({64, 128256}, "64x128256"),
                   problem({5, 2053}, "tiny")};
  made.rungs = {
      {"naive",
       "Three plain loops over a row: the largest logit, the exponentials, the division. No call "
       "of exp is vectorised.",
       run_loops<naive>, nullptr},
      {"composed",
       "cross_entropy_loss and autograd: log_softmax writes 33 MB, its derivative reads them and "
       "computes every exponential a second time, after 33 MB of zeros for one number in each row.",
       run_tensor_ops<composed>, nullptr},
      {"libtorch",
       "The gradient is the softmax less 1 at the target, so one fused softmax gives both loss and "
       "gradient; dividing by the number of rows reads and writes 33 MB once more.",
       run_tensor_ops<libtorch>, backend_of_libtorch},
      {"fast",
       "33 MB read, 33 MB written past the caches, one exponential for each logit; the sum's and "
       "the mean's divisions are one product, and the loss comes from the maximum and the sum that "
       "are there anyway.",
       run_loops<fast>, fast_backend},
  };
  made.contracts = {{"training_step", 2, "cross_entropy", {}}};
  return made;
}

}  // namespace unaided::bench::cross_entropy
