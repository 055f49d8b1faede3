// Causal attention of a prompt: the arithmetic of a language model's prefill.
#include "support/kernel.h"

#include <algorithm>
#include <cmath>

#include "attention_prefill/rungs.h"
#include "support/attention_backend.h"
#include "support/attention_runs.h"
#include "support/backend.h"
#include "support/float64_error.h"
#include "support/random_tensors.h"

namespace unaided::bench::attention_prefill {
namespace {

/// The largest error in the rows first … end − 1 of a head, all (length, D).
double error_of_rows(const Tensors& head, const torch::Tensor& out, std::int64_t first,
                     std::int64_t end) {
  const torch::Tensor q = head[0].slice(/*dim=*/0, first, end).to(torch::kFloat64);
  const torch::Tensor k = head[1].slice(/*dim=*/0, 0, end).to(torch::kFloat64);
  const torch::Tensor v = head[2].slice(/*dim=*/0, 0, end).to(torch::kFloat64);
  torch::Tensor scores = torch::matmul(q, k.t()).div_(std::sqrt(static_cast<double>(q.size(1))));
  const torch::Tensor later = torch::ones({end - first, end}, torch::kBool).triu(first + 1);
  scores.masked_fill_(later, -kIncomparable);
  return absolute_error(out.slice(/*dim=*/0, first, end),
                        torch::matmul(torch::softmax(scores, /*dim=*/1), v), out.scalar_type());
}

/// By 512 rows at a time: all scores of a long prompt would be a gigabyte.
double error(const Tensors& inputs, const Tensors& outputs) {
  constexpr std::int64_t kRows = 512;
  const bool comparable = has_outputs(outputs, 1) && outputs[0].sizes() == inputs[0].sizes() &&
                          outputs[0].scalar_type() == inputs[0].scalar_type();
  if (!comparable) return kIncomparable;
  double largest = 0;
  for (std::int64_t head = 0; head < inputs[0].size(1); ++head) {
    const Tensors of_head = {inputs[0][0][head], inputs[1][0][head], inputs[2][0][head]};
    const std::int64_t length = of_head[0].size(0);
    for (std::int64_t first = 0; first < length; first += kRows) {
      const std::int64_t end = std::min(first + kRows, length);
      largest = std::max(largest, error_of_rows(of_head, outputs[0][0][head], first, end));
    }
  }
  return largest;
}

Problem problem(Sizes sizes, torch::ScalarType dtype, const std::string& shape) {
  const auto heads = static_cast<std::int64_t>(sizes.heads);
  const auto length = static_cast<std::int64_t>(sizes.length);
  constexpr auto kColumns = static_cast<std::int64_t>(kWidth);
  Problem made;
  made.shape = shape;
  made.dtype = dtype == torch::kFloat32 ? "f32" : "bf16";
  made.text = "B1 H" + std::to_string(heads) + " S" + std::to_string(length) + " D" +
              std::to_string(kWidth) + ", causal";
  const auto pairs = static_cast<double>(heads * length * (length + 1) / 2);
  made.flops = 4 * static_cast<double>(kWidth) * pairs;
  made.bytes_min = static_cast<double>(c10::elementSize(dtype)) *
                   static_cast<double>(4 * heads * length * kColumns);
  made.limit = Limit::kMatmul;
  made.tiny = shape == "tiny";
  made.make_inputs = [heads, length, dtype](std::uint64_t seed) {
    RandomTensors random(seed);
    Tensors inputs;
    for (int i = 0; i < 3; ++i) {
      inputs.push_back(random.normal({1, heads, length, kColumns}, 1, dtype));
    }
    return inputs;
  };
  made.error = error;
  made.error_max = dtype == torch::kFloat32 ? 1e-5 : 3e-2;
  return made;
}

Tensors run_naive(const Problem&, const Tensors& inputs) {
  return {attend_in_float32(inputs[0], inputs[1], inputs[2],
                            [](auto... arguments) { naive(arguments...); })};
}

Tensors run_fast(const Problem&, const Tensors& inputs) {
  return {attend_as_stored(inputs[0], inputs[1], inputs[2],
                           [](auto... arguments) { fast(arguments...); })};
}

std::string backend_of_libtorch(const Problem& problem, const Tensors& inputs) {
  return attention_backend(inputs[0], inputs[1], inputs[2], /*causal=*/true) + ", " +
         libtorch_backend(problem, inputs);
}

}  // namespace

Kernel kernel() {
  Kernel made;
  made.id = "attention_prefill";
  made.text = "causal attention of a whole prompt";
  for (const torch::ScalarType dtype : {torch::kFloat32, torch::kBFloat16}) {
    made.problems.push_back(problem({8, 1024}, dtype, "S1024"));
    made.problems.push_back(problem({8, 4096}, dtype, "S4096"));
    made.problems.push_back(problem({3, 205}, dtype, "tiny"));
  }
  made.rungs = {
      {"composed",
       "Two matrix products, but all scores are computed, also the half that the mask then throws "
       "away, and at S4096 537 MB of them travel to memory and back for each op between.",
       run_attention_ops<composed>, nullptr},
      {"naive",
       "Loops over a query's keys stop at the diagonal: 17 GFLOP at S4096 instead of 34. But each "
       "score is one chain of 64 additions, and every number is loaded for one multiply-add.",
       run_naive, nullptr},
      {"libtorch",
       "Blocks of scores stay in the caches, with a running maximum and sum for each row: 34 MB "
       "leave and enter memory at S4096 instead of gigabytes. The products are library calls on "
       "blocks.",
       run_attention_ops<libtorch>, backend_of_libtorch},
      {"fast",
       "A register tile of 6 queries by 64 keys does 24 multiply-adds for 10 loads; scores become "
       "weights in L1, 6 rows at a time; blocks above the diagonal are skipped, and those on it "
       "end at it.",
       run_fast, fast_backend},
  };
  made.contracts = {{"attention", 2, "masked_attention", {}}};
  made.card_contracts = {
      {"cuda_attention",
       1,
       "causal_attention",
       {"S1024/f32", "S4096/f32", "tiny/f32"},
       "Every thread keeps 8 queries by 4 keys in registers, 32 multiply-adds for 12 numbers out "
       "of "
       "shared memory; tiles above the diagonal are skipped, and the longest blocks begin first."}};
  return made;
}

}  // namespace unaided::bench::attention_prefill
