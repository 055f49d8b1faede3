// The largest entries of each row of a matrix as wide as a vocabulary: what sampling and beam
// search begin with. On a card only; on the processor `sampling` has it with what follows.
#include "support/card_kernels.h"
#include "support/float64_error.h"
#include "support/random_tensors.h"

namespace unaided::bench::top_k {
namespace {

constexpr std::int64_t kCount = 50;

/// Nothing here is rounded: the result is right or it is not. Of equal entries any may be given.
double error(const Tensors& inputs, const Tensors& outputs) {
  if (!has_outputs(outputs, 2)) return kIncomparable;
  const auto [want, indices] = torch::topk(inputs[0], kCount, /*dim=*/1);
  const torch::Tensor &values = outputs[0], got = outputs[1].to(torch::kInt64);
  const bool shaped = values.sizes() == want.sizes() && got.sizes() == want.sizes();
  if (!shaped || values.scalar_type() != torch::kFloat32 || !values.equal(want)) {
    return kIncomparable;
  }
  const bool inside =
      got.min().item<std::int64_t>() >= 0 && got.max().item<std::int64_t>() < inputs[0].size(1);
  if (!inside || !inputs[0].gather(/*dim=*/1, got).equal(want)) return kIncomparable;
  const torch::Tensor sorted = std::get<0>(got.sort(/*dim=*/1));
  const bool distinct = sorted.diff(/*n=*/1, /*dim=*/1).gt(0).all().item<bool>();
  return distinct ? 0 : kIncomparable;
}

Problem problem(std::int64_t rows, std::int64_t columns, const std::string& shape) {
  Problem made;
  made.shape = shape;
  made.dtype = "f32";
  made.text = "the " + std::to_string(kCount) + " largest of " + std::to_string(columns) + ", " +
              std::to_string(rows) + " rows";
  const auto elements = static_cast<double>(rows * columns);
  made.flops = elements;
  made.bytes_min = sizeof(float) * elements;
  made.limit = Limit::kRead;
  made.tiny = shape == "tiny";
  made.parameters = {{"k", static_cast<double>(kCount)}};
  made.make_inputs = [rows, columns](std::uint64_t seed) {
    return Tensors{RandomTensors(seed).normal({rows, columns}, /*deviation=*/3)};
  };
  made.error = error;
  return made;
}

Tensors composed(const Problem&, const Tensors& inputs) {
  const auto [values, indices] = inputs[0].sort(/*dim=*/1, /*descending=*/true);
  return {values.narrow(1, 0, kCount).contiguous(), indices.narrow(1, 0, kCount).contiguous()};
}

Tensors libtorch(const Problem&, const Tensors& inputs) {
  auto [values, indices] = torch::topk(inputs[0], kCount, /*dim=*/1);
  return {values, indices};
}

}  // namespace

Kernel kernel() {
  Kernel made;
  made.id = "top_k";
  made.text = "the largest entries of each row of logits, with their places";
  made.problems = {problem(64, 128256, "64x128256"), problem(3, 9001, "tiny")};
  made.rungs = {{"composed", "", composed, nullptr}, {"libtorch", "", libtorch, nullptr}};
  made.card_contracts = {
      {"cuda_top_k",
       2,
       "top_k_rows",
       {"64x128256/f32", "tiny/f32"},
       "One pass over memory instead of one for each digit of a radix selection: the k-th largest "
       "of the threads' maxima is a bound that hardly more than k entries reach, and these are "
       "ranked by counting."}};
  return made;
}

}  // namespace unaided::bench::top_k
