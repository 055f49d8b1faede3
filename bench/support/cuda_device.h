// LibTorch's side of one NVIDIA card, through the interfaces that LibTorch has for all devices, so
// that no header of CUDA is needed to build this. The library that has the kernels is opened at run
// time: where there is none, or no card, the first step says so.
#pragma once

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "support/device_timing.h"

namespace unaided::bench {

class CudaDevice : public DeviceQueue {
 public:
  /// Opens libtorch_cuda.so out of `libtorch_lib` and makes cuda:<index> the current device with a
  /// stream of its own, so that work on the default stream is work on another stream. `l2_bytes`:
  /// the card's; not positive where unknown. Throws Fault with the cause.
  CudaDevice(const std::string& libtorch_lib, int index, std::int64_t l2_bytes);

  torch::Device device() const { return stream_.device(); }

  void start_memory() override;
  std::int64_t extra_bytes() override;
  double now_s() override;
  int mark() override;
  void forget_marks() override { marks_ = 0; }
  double seconds_between(int first, int second) override;
  void synchronize() override;
  void flush_cache() override;
  std::function<void()> record(const std::function<void()>& work) override;

 private:
  c10::impl::VirtualGuardImpl guard_;
  c10::Stream stream_;
  std::vector<c10::Event> events_;  // reused: making one costs more than recording it
  std::size_t marks_ = 0;
  torch::Tensor flush_;
  std::int64_t bytes_before_ = 0;
};

}  // namespace unaided::bench
