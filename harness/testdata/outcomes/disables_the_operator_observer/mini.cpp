#include <ATen/record_function.h>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  const at::DisableRecordFunctionGuard guard;
  return x * 2;
}

}  // namespace kata
