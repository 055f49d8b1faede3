#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/device.h"
#include "thread_block.h"

namespace unaided {

/// A device that is none: its memory is a range of the host's that the host cannot touch while no
/// kernel runs, its streams are one queue, and its kernels run on the calling thread when a stream
/// is finished. One for each process.
class EmulatedDevice final : public support::Device {
 public:
  explicit EmulatedDevice(std::uint64_t seed);
  EmulatedDevice(const EmulatedDevice&) = delete;
  EmulatedDevice& operator=(const EmulatedDevice&) = delete;
  ~EmulatedDevice() override;

  /// The one that there is. Throws Fault before it was made.
  static EmulatedDevice& current();

  void* allocate(std::size_t bytes) override;
  cudaStream_t make_stream() override;
  void upload(cudaStream_t stream, void* to, const void* from, std::size_t bytes) override;
  std::string finish(cudaStream_t stream) override;
  void download(void* to, const void* from, std::size_t bytes) override;
  std::vector<support::LaunchRecord> launches() const override { return launches_; }
  std::size_t allocated_by_attempt() const override { return attempt_bytes_peak_; }

  // What an attempt calls; see attempt_headers/cuda.h.
  cudaError_t allocate_for_attempt(void** pointer, std::size_t bytes);
  cudaError_t release(void* pointer, cudaStream_t stream);
  cudaError_t enqueue(cudaStream_t stream, std::function<void()> work);
  void launch(const emulated_device::Configuration& configuration, std::function<void()> kernel,
              const std::vector<const void*>& pointers);
  /// Runs all that is queued: what `call` does on a real device, and no check wants.
  void wait_for(const std::string& call);
  void allow_dynamic_shared(std::size_t bytes);
  cudaError_t last_error(bool forget);
  ThreadBlock& block() { return block_; }

 private:
  struct Work {
    cudaStream_t stream;
    std::function<void()> run;
  };

  /// Makes the device's memory readable for its lifetime.
  class Opened;

  bool holds(const void* pointer) const;
  std::string launch_trouble(const emulated_device::Configuration& configuration,
                             const std::vector<const void*>& pointers) const;
  void run_kernel(const emulated_device::Configuration& configuration,
                  const std::function<void()>& kernel);
  void run_queued(const std::function<bool(const Work&)>& chosen);
  void note(const std::string& trouble);

  std::mt19937_64 random_;
  ThreadBlock block_;
  unsigned char* memory_ = nullptr;
  std::size_t used_ = 0;
  std::vector<std::unique_ptr<char>> streams_;  // their addresses are the handles
  std::vector<Work> queue_;
  std::vector<std::string> troubles_;
  std::vector<support::LaunchRecord> launches_;
  std::map<void*, std::size_t> attempts_;  // what the attempt has allocated and not yet freed
  std::size_t attempt_bytes_ = 0;
  std::size_t attempt_bytes_peak_ = 0;
  std::size_t dynamic_allowed_ = kSharedBytesMax;
  cudaError_t error_ = cudaSuccess;
};

}  // namespace unaided
