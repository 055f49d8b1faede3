// masked_attention() with the causal mask alone.
#include <torch/types.h>

#include <optional>

#include "level2.h"
#include "support/kernel.h"

extern "C" void unaided_bench_attempt(const unaided::bench::Problem&,
                                      const unaided::bench::Tensors& inputs,
                                      unaided::bench::Tensors& outputs) {
  outputs.push_back(kata::masked_attention(inputs[0], inputs[1], inputs[2], /*keep=*/std::nullopt,
                                           /*causal=*/true));
}
