#include <ATen/core/dispatch/Dispatcher.h>

#include "level1.h"

namespace kata {

torch::Tensor twice(const torch::Tensor& x) {
  const auto handle = c10::Dispatcher::singleton().findSchemaOrThrow("aten::matmul", "");
  static_cast<void>(handle);
  return x * 2;
}

}  // namespace kata
