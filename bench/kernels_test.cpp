#include <gtest/gtest.h>

#include "support/kernel.h"
#include "support/simd.h"

namespace unaided::bench {
namespace {

TEST(Kernels, EveryRungSolvesTheTinyProblem) {
  for (const Kernel& kernel : kernels()) {
    for (const Problem& problem : kernel.problems) {
      for (const Rung& rung : kernel.rungs) {
        const Tensors inputs = problem.make_inputs(7);
        const double e = problem.error(inputs, rung.run(problem, inputs));
        std::printf("%s %s %s %g\n", kernel.id.c_str(), problem.shape.c_str(), rung.name.c_str(),
                    e);
        EXPECT_LE(e, problem.error_max);
      }
    }
  }
}

}  // namespace
}  // namespace unaided::bench
