// A real card under checks. What makes a forgotten stream visible: a stream first waits for a word
// in the host's memory, so nothing on it runs before finish() has written that word, while work on
// any other stream runs at once and finds no inputs. Who waits for the device before finish() would
// wait for ever; after a while the gate opens by itself, and that is told.
//
// So nothing here may wait for the device either while a stream is held, and allocating and loading
// code may: memory is taken beforehand, in one piece, and the attempt's kernels are loaded in
// adopt(), which the worker's CUDA_MODULE_LOADING=EAGER makes load all of them.
#include "cuda_check_device.h"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>

#include "../compile_settings.h"
#include "../fault.h"

struct CUctx_st;  // as cuda.h has it

namespace unaided {

/// What is asked of the driver, as cuda.h declares it.
struct CudaDriver {
  int (*init)(unsigned int flags);
  int (*get_device)(int* device, int ordinal);
  int (*retain_context)(CUctx_st** context, int device);
  int (*use_context)(CUctx_st* context);
  int (*allocate)(std::uint64_t* memory, std::size_t bytes);
  int (*allocate_host)(void** memory, std::size_t bytes, unsigned int flags);
  int (*create_stream)(cudaStream_t* stream, unsigned int flags);
  int (*upload)(std::uint64_t to, const void* from, std::size_t bytes, cudaStream_t stream);
  int (*move)(std::uint64_t to, std::uint64_t from, std::size_t bytes, cudaStream_t stream);
  int (*download)(void* to, std::uint64_t from, std::size_t bytes);
  int (*synchronize_stream)(cudaStream_t stream);
  int (*synchronize_context)();
  int (*error_text)(int error, const char** text);
  int (*wait_value)(cudaStream_t stream, std::uint64_t address, std::uint32_t value,
                    unsigned int flags);
  int (*call_host)(cudaStream_t stream, void (*function)(void*), void* argument);
};

namespace {

constexpr int kSuccess = 0;
constexpr unsigned int kNonBlocking = 1;  // does not wait for the default stream
constexpr unsigned int kPortable = 1;     // pinned memory that the device sees, too
constexpr unsigned int kUntilEqual = 1;   // CU_STREAM_WAIT_VALUE_EQ
constexpr std::uint32_t kOpen = 1;
constexpr std::chrono::microseconds kWaitStep{100};
constexpr std::size_t kAlignment = 256;
constexpr std::size_t kStreamsMax = 16'384;

template <typename Function>
void find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  if (function == nullptr) throw Fault(std::string("this CUDA driver lacks ") + name);
}

/// What a stream calls where the card cannot wait for a word by itself (WSL).
void wait_for_word(void* word) {
  const std::atomic_ref waited(*static_cast<std::uint32_t*>(word));
  while (waited.load() != kOpen) std::this_thread::sleep_for(kWaitStep);
}

std::unique_ptr<const CudaDriver> load_driver(const std::string& libcuda) {
  void* library = dlopen(libcuda.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Fault(std::string("CUDA cannot be loaded: ") + dlerror());
  auto driver = std::make_unique<CudaDriver>();
  find(library, "cuInit", driver->init);
  find(library, "cuDeviceGet", driver->get_device);
  find(library, "cuDevicePrimaryCtxRetain", driver->retain_context);
  find(library, "cuCtxSetCurrent", driver->use_context);
  find(library, "cuMemAlloc_v2", driver->allocate);
  find(library, "cuMemHostAlloc", driver->allocate_host);
  find(library, "cuStreamCreate", driver->create_stream);
  find(library, "cuMemcpyHtoDAsync_v2", driver->upload);
  find(library, "cuMemcpyDtoDAsync_v2", driver->move);
  find(library, "cuMemcpyDtoH_v2", driver->download);
  find(library, "cuStreamSynchronize", driver->synchronize_stream);
  find(library, "cuCtxSynchronize", driver->synchronize_context);
  find(library, "cuGetErrorString", driver->error_text);
  find(library, "cuStreamWaitValue32_v2", driver->wait_value);
  find(library, "cuLaunchHostFunc", driver->call_host);
  return driver;
}

}  // namespace

class CudaCheckDevice::Gate {
 public:
  Gate(std::uint32_t* word, std::chrono::milliseconds held_max)
      : word_(word), held_max_(held_max), watch_([this] { watch(); }) {}
  ~Gate() { open(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

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
    forced_ = !changed_.wait_for(lock, held_max_, [this] { return asked_; });
    std::atomic_ref(*word_).store(kOpen);
  }

  std::uint32_t* word_;
  std::chrono::milliseconds held_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
  bool forced_ = false;
  std::thread watch_;
};

CudaCheckDevice::CudaCheckDevice(const Options& options)
    : driver_(load_driver(options.libcuda)), options_(options) {
  int device = 0;
  CUctx_st* context = nullptr;
  void* words = nullptr;
  require(driver_->init(0), "CUDA does not start");
  require(driver_->get_device(&device, 0), "CUDA finds no card");
  require(driver_->retain_context(&context, device), "CUDA makes no context");
  require(driver_->use_context(context), "CUDA's context cannot be used");
  if (options_.watched) return;
  require(driver_->allocate(&memory_, options_.memory_bytes), "the card has no memory left");
  require(driver_->allocate_host(&words, kStreamsMax * sizeof *words_, kPortable),
          "there is no memory for gates");
  words_ = static_cast<std::uint32_t*>(words);
  require(driver_->create_stream(&copies_, kNonBlocking), "no stream can be made");
}

CudaCheckDevice::~CudaCheckDevice() = default;

std::string CudaCheckDevice::text_of(int error) const {
  const char* text = nullptr;
  if (driver_->error_text(error, &text) == kSuccess && text != nullptr) return text;
  return "error " + std::to_string(error);
}

void CudaCheckDevice::require(int error, const char* what) const {
  if (error != kSuccess) throw Fault(std::string(what) + ": " + text_of(error));
}

void CudaCheckDevice::adopt(void* attempt) {
  const auto start = reinterpret_cast<int (*)()>(dlsym(attempt, kStartCuda));
  attempt_error_ = reinterpret_cast<const char* (*)()>(dlsym(attempt, kCudaError));
  if (start == nullptr || start() == kSuccess) return;
  throw Fault("the attempt's CUDA does not start: " + noted_by_attempt());
}

std::string CudaCheckDevice::noted_by_attempt() const {
  const char* text = attempt_error_ == nullptr ? nullptr : attempt_error_();
  return text == nullptr ? "" : text;
}

void* CudaCheckDevice::allocate(std::size_t bytes) {
  if (options_.watched) {
    std::uint64_t array = 0;
    require(driver_->allocate(&array, std::max<std::size_t>(bytes, 1)),
            "the card has no memory left");
    return reinterpret_cast<void*>(array);
  }
  const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (rounded > options_.memory_bytes - used_) throw std::bad_alloc();
  const std::uint64_t address = memory_ + used_;
  used_ += rounded;
  return reinterpret_cast<void*>(address);
}

cudaStream_t CudaCheckDevice::make_stream() {
  if (words_used_ == kStreamsMax) throw Fault("this check makes too many streams");
  cudaStream_t stream = nullptr;
  require(driver_->create_stream(&stream, kNonBlocking), "no stream can be made");
  if (options_.watched) return stream;
  std::uint32_t* word = words_ + words_used_++;
  std::atomic_ref(*word).store(0);
  const auto address = reinterpret_cast<std::uintptr_t>(word);
  if (driver_->wait_value(stream, address, kOpen, kUntilEqual) != kSuccess) {
    require(driver_->call_host(stream, wait_for_word, word), "a stream cannot be held");
  }
  gates_[stream] = std::make_unique<Gate>(word, options_.held_max);
  return stream;
}

void CudaCheckDevice::upload(cudaStream_t stream, void* to, const void* from, std::size_t bytes) {
  if (options_.watched) {
    const auto address = reinterpret_cast<std::uintptr_t>(to);
    return require(driver_->upload(address, from, bytes, stream), "an upload fails");
  }
  // Not straight there: a copy from ordinary memory would wait for the held stream.
  const auto staged = reinterpret_cast<std::uintptr_t>(allocate(bytes));
  require(driver_->upload(staged, from, bytes, copies_), "an upload fails");
  require(driver_->synchronize_stream(copies_), "an upload fails");
  require(driver_->move(reinterpret_cast<std::uintptr_t>(to), staged, bytes, stream),
          "an upload fails");
}

std::string CudaCheckDevice::finish(cudaStream_t stream) {
  const std::string at_launch = noted_by_attempt();
  const bool waited = !options_.watched && gates_.at(stream)->open();
  const int on_stream = driver_->synchronize_stream(stream);
  const int elsewhere = driver_->synchronize_context();
  if (waited) return "a call waited for the device before its stream was let run";
  if (!at_launch.empty()) return at_launch;
  if (on_stream != kSuccess) return text_of(on_stream);
  return elsewhere == kSuccess ? "" : text_of(elsewhere);
}

void CudaCheckDevice::download(void* to, const void* from, std::size_t bytes) {
  require(driver_->download(to, reinterpret_cast<std::uintptr_t>(from), bytes), "a download fails");
}

}  // namespace unaided
