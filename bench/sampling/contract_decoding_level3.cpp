// sample_batch(): a batch of one row, without a prompt.
#include <torch/types.h>

#include "level3.h"
#include "support/kernel.h"

extern "C" void unaided_bench_attempt(const unaided::bench::Problem& problem,
                                      const unaided::bench::Tensors& inputs,
                                      unaided::bench::Tensors& outputs) {
  kata::Sampling sampling;
  sampling.top_k = static_cast<std::int64_t>(problem.parameters.at("top_k"));
  sampling.top_p = problem.parameters.at("top_p");
  sampling.min_p = problem.parameters.at("min_p");
  const torch::Tensor row = inputs[0].unsqueeze(0);
  const kata::Tokens ids =
      kata::sample_batch(row, {{}}, {{}}, sampling, {inputs[1].item<double>()});
  outputs.push_back(torch::tensor(ids, torch::kInt64));
}
