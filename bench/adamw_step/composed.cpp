#include <torch/types.h>

#include <cmath>

#include "adamw_step/rungs.h"

namespace unaided::bench::adamw_step {

void composed(const Tensors& p, const Tensors& g, const Tensors& m, const Tensors& v,
              const Options& options) {
  const double correction1 = 1 - std::pow(options.beta1, options.step);
  const double correction2 = 1 - std::pow(options.beta2, options.step);
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i].mul_(1 - options.lr * options.weight_decay);
    m[i].mul_(options.beta1).add_(g[i], 1 - options.beta1);
    v[i].mul_(options.beta2).addcmul_(g[i], g[i], 1 - options.beta2);
    const torch::Tensor root = (v[i] / correction2).sqrt_().add_(options.eps);
    p[i].addcdiv_(m[i], root, -options.lr / correction1);
  }
}

}  // namespace unaided::bench::adamw_step
