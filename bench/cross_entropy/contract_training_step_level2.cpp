// cross_entropy() in which every row counts.
#include <torch/types.h>

#include "level2.h"
#include "support/kernel.h"

extern "C" void unaided_bench_attempt(const unaided::bench::Problem&,
                                      const unaided::bench::Tensors& inputs,
                                      unaided::bench::Tensors& outputs) {
  kata::CrossEntropy result = kata::cross_entropy(inputs[0], inputs[1], /*ignore_index=*/-100);
  outputs = {result.loss, result.gradient};
}
