// What is launched is queued, with its arguments copied, and runs when the check finishes its
// stream: so an attempt that waits, that reads device memory itself or that uses another stream is
// seen. A kernel's blocks run one after the other in an order drawn from the seed. The first
// failure ends it all, as on a real device.
#include "emulated_device.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>

#include "../fault.h"

namespace unaided {

namespace {

using emulated_device::Configuration;

constexpr std::size_t kMemoryBytes = 96 << 20;
constexpr std::size_t kAlignment = 256;
constexpr std::uint64_t kBlocksMax = 1 << 20;
constexpr unsigned char kGarbage = 0x7f;
constexpr std::size_t kTroublesMax = 3;

EmulatedDevice* the_device = nullptr;

std::string shown(const dim3& size) {
  return fmt::format("({}, {}, {})", size.x, size.y, size.z);
}

}  // namespace

class EmulatedDevice::Opened {
 public:
  explicit Opened(const EmulatedDevice& device) : device_(device) {
    protect(PROT_READ | PROT_WRITE);
  }
  ~Opened() { protect(PROT_NONE); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

 private:
  void protect(int access) const {
    const std::size_t bytes = std::max(device_.used_, kAlignment);
    if (mprotect(device_.memory_, bytes, access) != 0) std::abort();
  }

  const EmulatedDevice& device_;
};

EmulatedDevice::EmulatedDevice(std::uint64_t seed) : random_(seed), block_(seed) {
  if (the_device != nullptr) throw Fault("there is an emulated device already");
  void* const memory =
      mmap(nullptr, kMemoryBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw Fault("no memory for the emulated device");
  memory_ = static_cast<unsigned char*>(memory);
  the_device = this;
}

EmulatedDevice::~EmulatedDevice() {
  the_device = nullptr;
  munmap(memory_, kMemoryBytes);
}

EmulatedDevice& EmulatedDevice::current() {
  if (the_device == nullptr) throw Fault("this process has no emulated device");
  return *the_device;
}

void* EmulatedDevice::allocate(std::size_t bytes) {
  const std::size_t rounded = (bytes / kAlignment + 1) * kAlignment;
  if (bytes > kMemoryBytes || rounded > kMemoryBytes - used_) throw std::bad_alloc();
  void* const pointer = memory_ + used_;
  used_ += rounded;
  return pointer;
}

cudaStream_t EmulatedDevice::make_stream() {
  streams_.push_back(std::make_unique<char>());
  return reinterpret_cast<cudaStream_t>(streams_.back().get());
}

void EmulatedDevice::upload(cudaStream_t stream, void* to, const void* from, std::size_t bytes) {
  const auto* const begin = static_cast<const unsigned char*>(from);
  queue_.push_back({stream, [to, copy = std::vector<unsigned char>(begin, begin + bytes)] {
                      std::memcpy(to, copy.data(), copy.size());
                    }});
}

std::string EmulatedDevice::finish(cudaStream_t stream) {
  run_queued([stream](const Work& work) { return work.stream == stream; });
  if (!attempts_.empty()) {
    note(fmt::format("{} bytes that were allocated on the device were not freed", attempt_bytes_));
    attempts_.clear();
  }
  std::string text;
  for (const std::string& trouble : std::exchange(troubles_, {})) {
    text += (text.empty() ? "" : "; ") + trouble;
  }
  return text;
}

void EmulatedDevice::download(void* to, const void* from, std::size_t bytes) {
  const Opened opened(*this);
  std::memcpy(to, from, bytes);
}

cudaError_t EmulatedDevice::allocate_for_attempt(void** pointer, std::size_t bytes) {
  try {
    *pointer = allocate(bytes);
  } catch (const std::bad_alloc&) {
    return error_ = cudaErrorMemoryAllocation;
  }
  const Opened opened(*this);
  std::memset(*pointer, kGarbage, bytes);
  attempts_[*pointer] = bytes;
  attempt_bytes_ += bytes;
  attempt_bytes_peak_ = std::max(attempt_bytes_peak_, attempt_bytes_);
  return cudaSuccess;
}

cudaError_t EmulatedDevice::release(void* pointer, cudaStream_t stream) {
  if (pointer == nullptr) return cudaSuccess;
  const auto found = attempts_.find(pointer);
  if (found == attempts_.end()) {
    note("something was freed that was not allocated");
    return error_ = cudaErrorInvalidValue;
  }
  const std::size_t bytes = found->second;
  attempt_bytes_ -= bytes;
  attempts_.erase(found);
  return enqueue(stream, [pointer, bytes] { std::memset(pointer, kGarbage, bytes); });
}

cudaError_t EmulatedDevice::enqueue(cudaStream_t stream, std::function<void()> work) {
  const bool known = std::any_of(streams_.begin(), streams_.end(), [stream](const auto& one) {
    return reinterpret_cast<cudaStream_t>(one.get()) == stream;
  });
  if (!known) {
    note(stream == nullptr ? "work was put on the default stream, not on the one that was given"
                           : "work was put on a stream that was not given");
  }
  queue_.push_back({stream, std::move(work)});
  return cudaSuccess;
}

void EmulatedDevice::launch(const Configuration& configuration, std::function<void()> kernel,
                            const std::vector<const void*>& pointers) {
  launches_.push_back({static_cast<std::int64_t>(configuration.grid.x) * configuration.grid.y *
                           configuration.grid.z,
                       static_cast<std::int64_t>(configuration.block.x) * configuration.block.y *
                           configuration.block.z,
                       static_cast<std::int64_t>(configuration.shared_bytes)});
  const std::string trouble = launch_trouble(configuration, pointers);
  if (!trouble.empty()) {
    note(fmt::format("the launch in line {} {}", configuration.line, trouble));
    error_ = cudaErrorInvalidConfiguration;
    return;
  }
  enqueue(configuration.stream,
          [this, configuration, run = std::move(kernel)] { run_kernel(configuration, run); });
}

/// Why it cannot be, or "".
std::string EmulatedDevice::launch_trouble(const Configuration& configuration,
                                           const std::vector<const void*>& pointers) const {
  const dim3& grid = configuration.grid;
  const dim3& block = configuration.block;
  const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > kBlockThreadsMax || block.z > 64) {
    return fmt::format("asks for blocks of {} threads; 1 to {} may be, in z 64", shown(block),
                       kBlockThreadsMax);
  }
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > INT32_MAX || grid.y > 65535 ||
      grid.z > 65535) {
    return fmt::format("asks for a grid of {} blocks; 1 to 2^31-1 may be in x, to 65535 in y and z",
                       shown(grid));
  }
  if (std::uint64_t{grid.x} * grid.y * grid.z > kBlocksMax) {
    return fmt::format("asks for a grid of {} blocks: too many to emulate", shown(grid));
  }
  if (configuration.shared_bytes > dynamic_allowed_) {
    return fmt::format(
        "asks for {} bytes of shared memory; {} may be (more, up to {}, after "
        "cudaFuncSetAttribute)",
        configuration.shared_bytes, dynamic_allowed_, kSharedBytesMaxAllowed);
  }
  const auto foreign = std::find_if(pointers.begin(), pointers.end(), [this](const void* pointer) {
    return pointer != nullptr && !holds(pointer);
  });
  if (foreign == pointers.end()) return "";
  return fmt::format("passes, as argument {}, a pointer that is not to device memory",
                     foreign - pointers.begin() + 1);
}

bool EmulatedDevice::holds(const void* pointer) const {
  const auto* const byte = static_cast<const unsigned char*>(pointer);
  return byte >= memory_ && byte <= memory_ + used_;
}

void EmulatedDevice::run_kernel(const Configuration& configuration,
                                const std::function<void()>& kernel) {
  const dim3& grid = configuration.grid;
  std::vector<unsigned> order(std::size_t{grid.x} * grid.y * grid.z);
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin(), order.end(), random_);
  for (const unsigned flat : order) {
    const uint3 index = {flat % grid.x, flat / grid.x % grid.y, flat / (grid.x * grid.y)};
    const std::string failure = block_.run(configuration, index, kernel);
    if (failure.empty()) continue;
    error_ = cudaErrorLaunchFailure;
    return note(fmt::format("in the kernel launched in line {}, block ({}, {}, {}): {}",
                            configuration.line, index.x, index.y, index.z, failure));
  }
}

void EmulatedDevice::run_queued(const std::function<bool(const Work&)>& chosen) {
  const Opened opened(*this);
  std::vector<Work> left;
  for (const Work& work : std::exchange(queue_, {})) {
    if (!chosen(work)) {
      left.push_back(work);
    } else if (error_ != cudaErrorLaunchFailure) {
      work.run();
    }
  }
  queue_ = std::move(left);
}

void EmulatedDevice::wait_for(const std::string& call) {
  note(call + " waits for the device: the work is to be launched and no more");
  run_queued([](const Work&) { return true; });
}

void EmulatedDevice::allow_dynamic_shared(std::size_t bytes) {
  dynamic_allowed_ = std::clamp(bytes, dynamic_allowed_, kSharedBytesMaxAllowed);
}

cudaError_t EmulatedDevice::last_error(bool forget) {
  const cudaError_t error = error_;
  if (forget && error != cudaErrorLaunchFailure) error_ = cudaSuccess;
  return error;
}

void EmulatedDevice::note(const std::string& trouble) {
  const bool told = std::find(troubles_.begin(), troubles_.end(), trouble) != troubles_.end();
  if (!told && troubles_.size() < kTroublesMax) troubles_.push_back(trouble);
}

}  // namespace unaided
