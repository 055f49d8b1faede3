#pragma once

#include "level1.h"

namespace kata {

/// The sum of all elements of x.
double total(const torch::Tensor& x);

}  // namespace kata
