#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "support/device.h"

namespace unaided {

struct CudaDriver;

/// The first card that CUDA lists, through the driver alone: attempts bring a CUDA runtime of their
/// own, and both use the card's primary context.
class CudaCheckDevice : public support::Device {
 public:
  struct Options {
    std::string libcuda = "libcuda.so.1";
    std::size_t memory_bytes = 384 << 20;       // for all that a check allocates and uploads
    std::chrono::milliseconds held_max{3'000};  // then a stream runs by itself
    /// By a tool, which slows the card down and looks at every allocation: each array is one, and
    /// no stream is held.
    bool watched = false;
  };

  /// Makes CUDA's context in this process. Throws Fault with the cause where there is no card.
  explicit CudaCheckDevice(const Options& options);
  CudaCheckDevice() : CudaCheckDevice(Options{}) {}
  ~CudaCheckDevice() override;

  /// Has the runtime in `attempt`, a handle of dlopen, load its kernels, while no stream is held:
  /// loading may wait for the card. From then on finish() also tells what that runtime noted, such
  /// as a launch that was refused. Throws Fault when the runtime does not start.
  void adopt(void* attempt);

  void* allocate(std::size_t bytes) override;
  std::size_t guard_bytes() const override { return options_.watched ? 0 : Device::guard_bytes(); }
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
  std::string text_of(int error) const;
  /// What the attempt's runtime noted; "" for nothing.
  std::string noted_by_attempt() const;

  std::unique_ptr<const CudaDriver> driver_;
  Options options_;
  std::uint64_t memory_ = 0;  // one piece, taken before any stream is held
  std::size_t used_ = 0;
  std::uint32_t* words_ = nullptr;  // of gates; the card sees them, too
  std::size_t words_used_ = 0;
  cudaStream_t copies_ = nullptr;  // never held
  std::map<cudaStream_t, std::unique_ptr<Gate>> gates_;
  const char* (*attempt_error_)() = nullptr;
};

}  // namespace unaided
