// Attention of one new token over a long cache of keys and values: the memory traffic of decoding.
#include "support/kernel.h"

#include <cmath>

#include "attention_decode/rungs.h"
#include "support/attention_backend.h"
#include "support/attention_runs.h"
#include "support/backend.h"
#include "support/float64_error.h"
#include "support/random_tensors.h"

namespace unaided::bench::attention_decode {
namespace {

/// The result in float64, head by head.
torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  const torch::Tensor queries = q.view({k.size(1), static_cast<std::int64_t>(kGroup), q.size(3)});
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  Tensors results;
  for (std::int64_t head = 0; head < k.size(1); ++head) {
    const torch::Tensor keys = k[0][head].to(torch::kFloat64);
    const torch::Tensor scores = torch::matmul(queries[head].to(torch::kFloat64), keys.t()) * scale;
    results.push_back(torch::matmul(torch::softmax(scores, 1), v[0][head].to(torch::kFloat64)));
  }
  return torch::stack(results).view(q.sizes());
}

double error(const Tensors& inputs, const Tensors& outputs) {
  if (!has_outputs(outputs, 1)) return kIncomparable;
  return absolute_error(outputs[0], attend(inputs[0], inputs[1], inputs[2]),
                        inputs[0].scalar_type());
}

Problem problem(Sizes sizes, torch::ScalarType dtype, const std::string& shape) {
  const auto heads = static_cast<std::int64_t>(sizes.heads);
  const auto queries = static_cast<std::int64_t>(sizes.heads * kGroup);
  const auto length = static_cast<std::int64_t>(sizes.length);
  constexpr auto kColumns = static_cast<std::int64_t>(kWidth);
  Problem made;
  made.shape = shape;
  made.dtype = dtype == torch::kFloat32 ? "f32" : "bf16";
  made.text = "B1 Hq" + std::to_string(queries) + " Hkv" + std::to_string(heads) + " S" +
              std::to_string(length) + " D" + std::to_string(kWidth) + ", one query";
  made.flops = 4.0 * static_cast<double>(queries * length * kColumns);
  made.bytes_min = static_cast<double>(c10::elementSize(dtype)) *
                   static_cast<double>(2 * (heads * length + queries) * kColumns);
  made.limit = Limit::kRead;
  made.tiny = shape == "tiny";
  made.make_inputs = [heads, queries, length, dtype](std::uint64_t seed) {
    RandomTensors random(seed);
    return Tensors{random.normal({1, queries, 1, kColumns}, 1, dtype),
                   random.normal({1, heads, length, kColumns}, 1, dtype),
                   random.normal({1, heads, length, kColumns}, 1, dtype)};
  };
  made.error = error;
  made.error_max = dtype == torch::kFloat32 ? 5e-6 : 5e-3;
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
  const torch::Tensor &q = inputs[0], &k = inputs[1];
  const torch::Tensor folded = q.view({1, k.size(1), q.size(1) / k.size(1), q.size(3)});
  return "q folded, " + attention_backend(folded, k, inputs[2], /*causal=*/false) + ", " +
         libtorch_backend(problem, inputs);
}

}  // namespace

Kernel kernel() {
  Kernel made;
  made.id = "attention_decode";
  made.text =
      "attention of one new token over cached keys and values, 4 query heads to each of them";
  for (const torch::ScalarType dtype : {torch::kFloat32, torch::kBFloat16}) {
    made.problems.push_back(problem({8, 4096}, dtype, "S4096"));
    made.problems.push_back(problem({8, 32768}, dtype, "S32768"));
    // Not fewer keys: results would be larger, and so would bfloat16's error in them.
    made.problems.push_back(problem({2, 4099}, dtype, "tiny"));
  }
  made.rungs = {
      {"naive",
       "Each of the 32 query heads walks over all keys and values by itself: at S32768 in float32 "
       "1.07 GB pass through the caches instead of 268 MB.",
       run_naive, nullptr},
      {"composed",
       "repeat_interleave writes every key and value 4 times before matmul reads them: at S32768 "
       "in float32 over 2 GB of traffic for 268 MB of data.",
       run_attention_ops<composed>, nullptr},
      {"libtorch",
       "Fused attention with the 4 query heads of a group as rows of one query, so keys and values "
       "are read once: 268 MB. enable_gqa=true would read them 4 times.",
       run_attention_ops<libtorch>, backend_of_libtorch},
      {"fast",
       "The same 268 MB (134 MB in bfloat16, converted in registers), but read at the speed of "
       "memory: lines are asked for 4 KiB ahead, and each vector of keys or values serves 4 heads "
       "while it is in a register.",
       run_fast, fast_backend},
  };
  made.card_contracts = {
      {"cuda_attention",
       3,
       "decode_attention",
       {"S4096/f32", "S32768/f32", "tiny/f32"},
       "A head's keys are divided among up to 128 blocks, whose results a second launch merges; "
       "each row is read once for the whole group, and a warp has 4 KB of rows on their way."}};
  return made;
}

}  // namespace unaided::bench::attention_decode
