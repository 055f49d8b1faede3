#include "support/cuda_device.h"

#include <ATen/Context.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

#include "fault.h"
#include "process.h"

namespace unaided::bench {

namespace {

constexpr std::int64_t kL2BytesUnknown = std::int64_t{64} << 20;
constexpr std::int64_t kFlushedCaches = 4;  // of what is written to replace what L2 holds
constexpr double kMillisecond = 1e-3;
constexpr const char* kLibrary = "libtorch_cuda.so";
constexpr const char* kGraphLibrary = "unaided-cuda-graph.so";
constexpr const char* kGraphSymbol = "unaided_record_cuda_graph";

/// LibTorch's CUDA, which registers itself when it is opened. Only then may devices be asked for.
c10::impl::VirtualGuardImpl open_cuda(const std::string& libtorch_lib) {
  const std::string library = libtorch_lib + "/" + kLibrary;
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    throw Fault(fmt::format(
        "LibTorch's part for the GPU cannot be loaded; ./unaided setup --cuda fetches it\n{}",
        dlerror()));
  }
  try {
    at::globalContext().lazyInitDevice(c10::kCUDA);
    return c10::impl::VirtualGuardImpl(c10::kCUDA);
  } catch (const c10::Error& error) {
    throw Fault(std::string("LibTorch cannot use CUDA: ") + error.what_without_backtrace());
  }
}

/// A stream of our own on that device, made current.
c10::Stream enter(const c10::impl::VirtualGuardImpl& guard, int index) {
  if (index >= guard.deviceCount()) {
    throw Fault(
        fmt::format("LibTorch sees {} cards, so there is no cuda:{}", guard.deviceCount(), index));
  }
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
  guard.setDevice(device);
  const c10::Stream stream = guard.getNewStream(device);
  guard.exchangeStream(stream);
  return stream;
}

using GraphRecorder = void(const std::function<void()>* work, std::function<void()>* replay);

/// What cuda_graph/record.cpp exports.
GraphRecorder* graph_recorder() {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  const std::string library = program.parent_path() / kGraphLibrary;
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw Fault(std::string("no graph can be recorded: ") + dlerror());
  return reinterpret_cast<GraphRecorder*>(dlsym(handle, kGraphSymbol));
}

c10::CachingAllocator::Stat allocated(const c10::Device& device) {
  const auto stats = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
  return stats
      .allocated_bytes[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)];
}

}  // namespace

CudaDevice::CudaDevice(const std::string& libtorch_lib, int index, std::int64_t l2_bytes)
    : guard_(open_cuda(libtorch_lib)), stream_(enter(guard_, index)) {
  const std::int64_t bytes = kFlushedCaches * (l2_bytes > 0 ? l2_bytes : kL2BytesUnknown);
  flush_ = torch::empty({bytes}, torch::device(stream_.device()).dtype(torch::kInt8));
}

void CudaDevice::start_memory() {
  synchronize();
  c10::getDeviceAllocator(c10::kCUDA)->resetPeakStats(stream_.device_index());
  bytes_before_ = allocated(stream_.device()).current;
}

std::int64_t CudaDevice::extra_bytes() {
  return allocated(stream_.device()).peak - bytes_before_;
}

double CudaDevice::now_s() {
  return monotonic_ms() * kMillisecond;
}

int CudaDevice::mark() {
  if (marks_ == events_.size()) {
    events_.emplace_back(c10::kCUDA, c10::EventFlag::BACKEND_DEFAULT);
  }
  events_[marks_].record(stream_);
  return static_cast<int>(marks_++);
}

double CudaDevice::seconds_between(int first, int second) {
  const auto from = static_cast<std::size_t>(first), to = static_cast<std::size_t>(second);
  return events_.at(from).elapsedTime(events_.at(to)) * kMillisecond;
}

void CudaDevice::synchronize() {
  guard_.synchronizeDevice(stream_.device_index());
}

void CudaDevice::flush_cache() {
  flush_.zero_();
}

std::function<void()> CudaDevice::record(const std::function<void()>& work) {
  synchronize();
  std::function<void()> replay;
  graph_recorder()(&work, &replay);
  return replay;
}

}  // namespace unaided::bench
