#pragma once

#include <torch/types.h>

namespace kata {

/// 2x, of the shape and dtype of x.
torch::Tensor twice(const torch::Tensor& x);

}  // namespace kata
