// sample(): one draw, by top-k alone.
#include <torch/types.h>

#include "level2.h"
#include "support/kernel.h"

extern "C" void unaided_bench_attempt(const unaided::bench::Problem& problem,
                                      const unaided::bench::Tensors& inputs,
                                      unaided::bench::Tensors& outputs) {
  const auto top_k = static_cast<std::int64_t>(problem.parameters.at("top_k"));
  const double u = inputs[1].item<double>();
  const std::int64_t id = kata::sample(inputs[0], /*temperature=*/1, top_k, u);
  outputs.push_back(torch::full({1}, id, torch::kInt64));
}
