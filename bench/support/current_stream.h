#pragma once

#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/types.h>

struct CUstream_st;

namespace unaided::bench {

/// The stream on which LibTorch works where `tensor` lies; null on the processor.
inline CUstream_st* current_stream(const torch::Tensor& tensor) {
  if (!tensor.is_cuda()) return nullptr;
  const c10::impl::VirtualGuardImpl guard(tensor.device().type());
  return static_cast<CUstream_st*>(guard.getStream(tensor.device()).native_handle());
}

}  // namespace unaided::bench
