// A real card under checks. What makes a forgotten stream visible: a stream first waits for a word
// in the host's memory, so nothing on it runs before finish() has written that word, while work on
// any other stream runs at once and finds no inputs. Who waits for the device before finish() would
// wait for ever; after a while the gate opens by itself, and that is told.
#include "cuda_check_device.h"

#include <dlfcn.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <new>
#include <string>

#include "../fault.h"

namespace unaided {

/// What is asked of CUDA, as cuda_runtime_api.h and cuda.h declare it.
struct CudaApi {
  int (*count)(int* count);
  int (*allocate)(void** memory, std::size_t bytes);
  int (*allocate_host)(void** memory, std::size_t bytes, unsigned int flags);
  int (*create_stream)(cudaStream_t* stream, unsigned int flags);
  int (*copy_async)(void* to, const void* from, std::size_t bytes, int kind, cudaStream_t stream);
  int (*copy)(void* to, const void* from, std::size_t bytes, int kind);
  int (*synchronize_stream)(cudaStream_t stream);
  int (*synchronize_device)();
  int (*last_error)();
  const char* (*error_text)(int error);
  int (*wait_value)(cudaStream_t stream, std::uint64_t address, std::uint32_t value,
                    unsigned int flags);
};

namespace {

constexpr int kSuccess = 0;
constexpr int kHostToDevice = 1;
constexpr int kDeviceToHost = 2;
constexpr unsigned int kNonBlocking = 1;  // does not wait for the default stream
constexpr unsigned int kPortable = 1;     // pinned memory that the device sees, too
constexpr unsigned int kUntilEqual = 1;   // CU_STREAM_WAIT_VALUE_EQ
constexpr std::uint32_t kOpen = 1;
constexpr std::chrono::seconds kHeldAtMost{3};
constexpr const char* kRuntimes[] = {"libcudart.so.13", "libcudart.so.12"};
constexpr const char* kDriver = "libcuda.so.1";

void* open_first(std::initializer_list<const char*> names) {
  std::string errors;
  for (const char* name : names) {
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
    errors += std::string(errors.empty() ? "" : "; ") + dlerror();
  }
  throw Fault("CUDA cannot be loaded: " + errors);
}

template <typename Function>
void find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  if (function == nullptr) throw Fault(std::string("this CUDA lacks ") + name);
}

std::unique_ptr<const CudaApi> load_cuda() {
  void* runtime = open_first({kRuntimes[0], kRuntimes[1]});
  void* driver = open_first({kDriver});
  auto api = std::make_unique<CudaApi>();
  find(runtime, "cudaGetDeviceCount", api->count);
  find(runtime, "cudaMalloc", api->allocate);
  find(runtime, "cudaHostAlloc", api->allocate_host);
  find(runtime, "cudaStreamCreateWithFlags", api->create_stream);
  find(runtime, "cudaMemcpyAsync", api->copy_async);
  find(runtime, "cudaMemcpy", api->copy);
  find(runtime, "cudaStreamSynchronize", api->synchronize_stream);
  find(runtime, "cudaDeviceSynchronize", api->synchronize_device);
  find(runtime, "cudaGetLastError", api->last_error);
  find(runtime, "cudaGetErrorString", api->error_text);
  find(driver, "cuStreamWaitValue32_v2", api->wait_value);
  return api;
}

}  // namespace

class CudaCheckDevice::Gate {
 public:
  explicit Gate(std::uint32_t* word) : word_(word) {
    std::atomic_ref(*word_).store(0);
    watch_ = std::thread([this] { watch(); });
  }
  ~Gate() { open(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  std::uint32_t* word() const { return word_; }

  /// Whether it had to open by itself before.
  bool open() {
    {
      const std::lock_guard lock(mutex_);
      asked_ = true;
    }
    changed_.notify_one();
    if (watch_.joinable()) watch_.join();
    return forced_;
  }

 private:
  void watch() {
    std::unique_lock lock(mutex_);
    forced_ = !changed_.wait_for(lock, kHeldAtMost, [this] { return asked_; });
    std::atomic_ref(*word_).store(kOpen);
  }

  std::uint32_t* word_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
  bool forced_ = false;
  std::thread watch_;
};

CudaCheckDevice::CudaCheckDevice() : api_(load_cuda()) {
  int count = 0;
  require(api_->count(&count), "CUDA finds no card");
  require(api_->synchronize_device(), "CUDA makes no context");
}

CudaCheckDevice::~CudaCheckDevice() = default;

void CudaCheckDevice::require(int error, const char* what) const {
  if (error != kSuccess) throw Fault(std::string(what) + ": " + api_->error_text(error));
}

void* CudaCheckDevice::allocate(std::size_t bytes) {
  void* memory = nullptr;
  if (api_->allocate(&memory, bytes) != kSuccess) throw std::bad_alloc();
  return memory;
}

cudaStream_t CudaCheckDevice::make_stream() {
  cudaStream_t stream = nullptr;
  require(api_->create_stream(&stream, kNonBlocking), "no stream can be made");
  hold(stream);
  return stream;
}

void CudaCheckDevice::hold(cudaStream_t stream) {
  void* word = nullptr;
  require(api_->allocate_host(&word, sizeof(std::uint32_t), kPortable), "no memory for a gate");
  auto& gate = gates_[stream];
  gate = std::make_unique<Gate>(static_cast<std::uint32_t*>(word));
  require(api_->wait_value(stream, reinterpret_cast<std::uintptr_t>(word), kOpen, kUntilEqual),
          "a stream cannot be held");
}

void CudaCheckDevice::upload(cudaStream_t stream, void* to, const void* from, std::size_t bytes) {
  // From ordinary memory the copy would wait for the stream. What is pinned ends with the check.
  void* pinned = nullptr;
  if (api_->allocate_host(&pinned, bytes, kPortable) != kSuccess) throw std::bad_alloc();
  std::memcpy(pinned, from, bytes);
  require(api_->copy_async(to, pinned, bytes, kHostToDevice, stream), "an upload fails");
}

std::string CudaCheckDevice::finish(cudaStream_t stream) {
  const int at_launch = api_->last_error();
  const bool waited = gates_.at(stream)->open();
  const int on_stream = api_->synchronize_stream(stream);
  const int elsewhere = api_->synchronize_device();
  if (waited) return "a call waited for the device before its stream was let run";
  for (const int error : {at_launch, on_stream, elsewhere}) {
    if (error != kSuccess) return api_->error_text(error);
  }
  hold(stream);
  return "";
}

void CudaCheckDevice::download(void* to, const void* from, std::size_t bytes) {
  require(api_->copy(to, from, bytes, kDeviceToHost), "a download fails");
}

}  // namespace unaided
