// Softmax over a vocabulary: too long a row for L1, too little arithmetic to hide the memory.
#include "support/kernel.h"

#include "softmax/rungs.h"
#include "support/backend.h"
#include "support/float64_error.h"
#include "support/random_tensors.h"

namespace unaided::bench::softmax {
namespace {

// An exponential of about 13 FLOPs, a maximum, a difference, a sum and a product.
constexpr double kFlopsPerElement = 17;

double error(const Tensors& inputs, const Tensors& outputs) {
  if (!has_outputs(outputs, 1)) return kIncomparable;
  const torch::Tensor want = torch::softmax(inputs[0].to(torch::kFloat64), /*dim=*/1);
  return relative_error(outputs[0], want, /*floor=*/1e-30);
}

Problem problem(std::int64_t rows, std::int64_t columns, const std::string& shape) {
  Problem made;
  made.shape = shape;
  made.dtype = "f32";
  made.text = std::to_string(rows) + " rows of " + std::to_string(columns);
  const auto elements = static_cast<double>(rows * columns);
  made.flops = kFlopsPerElement * elements;
  made.bytes_min = 2 * sizeof(float) * elements;
  made.limit = Limit::kCopy;
  made.tiny = shape == "tiny";
  made.make_inputs = [rows, columns](std::uint64_t seed) {
    return Tensors{RandomTensors(seed).normal({rows, columns}, /*deviation=*/3)};
  };
  made.error = error;
  made.error_max = 5e-5;  // of each probability, relative: LibTorch itself errs by 1.2e-5
  return made;
}

template <auto kRows>
Tensors run_loops(const Problem&, const Tensors& inputs) {
  const torch::Tensor& x = inputs[0];
  const torch::Tensor y = torch::empty_like(x);
  kRows(x.const_data_ptr<float>(), y.mutable_data_ptr<float>(), x.size(0), x.size(1));
  return {y};
}

template <auto kTensorOps>
Tensors run_tensor_ops(const Problem&, const Tensors& inputs) {
  return {kTensorOps(inputs[0])};
}

}  // namespace

Kernel kernel() {
  Kernel made;
  made.id = "softmax";
  made.text = "softmax over the rows of a matrix as wide as a vocabulary";
  made.problems = {problem(64, 128256, "64x128256"), problem(3, 2051, "tiny")};
  made.rungs = {
      {"naive",
       "Three plain loops over a row: the largest value, the exponentials, the division. No call "
       "of exp is vectorised, and the row is read and written three times over.",
       run_loops<naive>, nullptr},
      {"composed",
       "Every tensor op is vectorised, but each reads its operands from memory and writes its "
       "result there: 8 passes over 33 MB where 2 are needed.",
       run_tensor_ops<composed>, nullptr},
      {"libtorch",
       "One op for all of it: the row (513 KB) stays in L2 between its passes, so memory sees 33 "
       "MB read, 33 MB written, and 33 MB read only because ordinary stores fetch what they "
       "overwrite.",
       run_tensor_ops<libtorch>, libtorch_backend},
      {"fast",
       "One exponential for each element instead of two, in blocks that stay in L1, each with the "
       "largest value so far as reference; the last pass corrects and divides in one product and "
       "streams past the caches, which saves the 33 MB that stores would fetch.",
       run_loops<fast>, fast_backend},
  };
  made.card_contracts = {
      {"cuda_softmax",
       1,
       "softmax",
       {"64x128256/f32", "tiny/f32"},
       "64 rows cannot fill a card by a block each: every row is cut into parts of 4,096, which "
       "one "
       "launch looks at and the next writes, out of L2, with the parts' maxima and sums merged."}};
  return made;
}

}  // namespace unaided::bench::softmax
