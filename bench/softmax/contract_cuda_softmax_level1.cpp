// softmax() of a .cu attempt, on LibTorch's current stream.
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/types.h>

#include "level1.h"
#include "support/kernel.h"

extern "C" void unaided_bench_attempt(const unaided::bench::Problem&,
                                      const unaided::bench::Tensors& inputs,
                                      unaided::bench::Tensors& outputs) {
  const torch::Tensor& x = inputs[0];
  const torch::Tensor y = torch::empty_like(x);
  const c10::impl::VirtualGuardImpl guard(x.device().type());
  auto* stream = static_cast<cudaStream_t>(guard.getStream(x.device()).native_handle());
  kata::softmax(x.const_data_ptr<float>(), y.mutable_data_ptr<float>(), x.size(0), x.size(1),
                stream);
  outputs.push_back(y);
}
