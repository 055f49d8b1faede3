#include <ATen/ops/_fused_adamw.h>
#include <torch/types.h>

#include "adamw_step/rungs.h"

namespace unaided::bench::adamw_step {

void libtorch(const Tensors& p, const Tensors& g, const Tensors& m, const Tensors& v,
              const Options& options) {
  const Tensors steps(p.size(),
                      torch::full({}, options.step, p[0].options().dtype(torch::kFloat32)));
  at::_fused_adamw_(p, g, m, v, /*max_exp_avg_sqs=*/{}, steps, options.lr, options.beta1,
                    options.beta2, options.weight_decay, options.eps, /*amsgrad=*/false,
                    /*maximize=*/false);
}

}  // namespace unaided::bench::adamw_step
