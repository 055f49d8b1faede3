#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/device.h"

namespace unaided {

struct CudaApi;

/// The first card that CUDA lists, through the CUDA runtime that LibTorch brings.
class CudaCheckDevice : public support::Device {
 public:
  /// Makes CUDA's context in this process. Throws Fault with the cause where there is no card.
  CudaCheckDevice();
  ~CudaCheckDevice() override;

  void* allocate(std::size_t bytes) override;
  cudaStream_t make_stream() override;
  void upload(cudaStream_t stream, void* to, const void* from, std::size_t bytes) override;
  std::string finish(cudaStream_t stream) override;
  void download(void* to, const void* from, std::size_t bytes) override;
  std::vector<support::LaunchRecord> launches() const override { return {}; }
  std::size_t allocated_by_attempt() const override { return 0; }

 private:
  /// A word that a stream waits for, and who opens it when nobody else does.
  class Gate;

  void require(int error, const char* what) const;
  void hold(cudaStream_t stream);

  std::unique_ptr<const CudaApi> api_;
  std::map<cudaStream_t, std::unique_ptr<Gate>> gates_;
};

}  // namespace unaided
