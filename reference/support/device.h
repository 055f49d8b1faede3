#pragma once

// How checks use a device: memory with guard zones around it, and a stream that nothing runs on
// before finish(). What is uploaded is enqueued there too, so that work on another stream, or work
// that somebody waits for, sees garbage. Implemented by the worker (harness/worker/), on a real
// device or on the emulated one.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

struct CUstream_st;
using cudaStream_t = CUstream_st*;

namespace support {

/// One kernel launch as the device saw it.
struct LaunchRecord {
  std::int64_t blocks = 0;
  std::int64_t threads = 0;       // of each block
  std::int64_t shared_bytes = 0;  // dynamic
};

/// The device of this check: what DeviceStream and DeviceArray are made of.
class Device {
 public:
  virtual ~Device() = default;

  /// Device memory, aligned to 256 bytes; lives until the check ends. Throws std::bad_alloc.
  virtual void* allocate(std::size_t bytes) = 0;
  /// How much garbage lies on each side of an array, to show what is written there; none where each
  /// allocation is watched by itself.
  virtual std::size_t guard_bytes() const { return 4096; }
  /// A stream that holds back what is enqueued on it until finish().
  virtual cudaStream_t make_stream() = 0;
  /// Enqueues a copy to the device; `from` is read before this returns.
  virtual void upload(cudaStream_t stream, void* to, const void* from, std::size_t bytes) = 0;
  /// Lets the stream run and waits for it. Returns what went wrong since it was made, in words
  /// ("" when nothing did): a kernel that failed, work on another stream, a call that waited for
  /// the device.
  virtual std::string finish(cudaStream_t stream) = 0;
  /// Copies to the host what finished work has left.
  virtual void download(void* to, const void* from, std::size_t bytes) = 0;
  /// The launches so far, as far as the device tells: a real one tells none.
  virtual std::vector<LaunchRecord> launches() const = 0;
  /// Bytes that the attempt has allocated so far, as far as the device tells.
  virtual std::size_t allocated_by_attempt() const = 0;
};

/// The one of this process; made when first asked for. Throws where there is none.
Device& device();

/// What is launched on it runs in finish().
class DeviceStream {
 public:
  DeviceStream() : stream_(device().make_stream()) {}
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_;
};

/// `count` elements on the device between two guard zones. T is trivially copyable.
template <typename T>
class DeviceArray {
 public:
  DeviceArray() = default;  // of nothing

  /// Elements that no kernel has written: garbage of one pattern.
  DeviceArray(const DeviceStream& stream, std::int64_t count)
      : count_(static_cast<std::size_t>(count)) {
    allocate(stream);
  }

  DeviceArray(const DeviceStream& stream, const std::vector<T>& values) : count_(values.size()) {
    allocate(stream);
    if (count_ > 0) device().upload(stream.get(), data(), values.data(), count_ * sizeof(T));
  }

  T* data() const { return reinterpret_cast<T*>(base_ + guard_bytes_); }

  /// Only after finish().
  std::vector<T> download() const {
    std::vector<T> values(count_);
    if (count_ > 0) device().download(values.data(), data(), count_ * sizeof(T));
    return values;
  }

  /// "" or what was written outside the elements. Only after finish().
  std::string guard_damage(const std::string& name) const {
    std::vector<unsigned char> bytes(total_bytes());
    device().download(bytes.data(), base_, bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const bool inside = i >= guard_bytes_ && i < guard_bytes_ + count_ * sizeof(T);
      if (inside || bytes[i] == kGuardByte) continue;
      if (i < guard_bytes_) {
        return name + " was written " + std::to_string(guard_bytes_ - i) +
               " bytes before its start";
      }
      return name + " was written " + std::to_string(i - guard_bytes_ - count_ * sizeof(T)) +
             " bytes past its end";
    }
    return "";
  }

 private:
  static constexpr unsigned char kGuardByte = 0x7f;  // as float 3.4e38, as int 2139062143

  std::size_t total_bytes() const { return 2 * guard_bytes_ + count_ * sizeof(T); }

  void allocate(const DeviceStream& stream) {
    guard_bytes_ = device().guard_bytes();
    base_ = static_cast<unsigned char*>(device().allocate(total_bytes()));
    const std::vector<unsigned char> garbage(total_bytes(), kGuardByte);
    device().upload(stream.get(), base_, garbage.data(), garbage.size());
  }

  std::size_t guard_bytes_ = 0;
  std::size_t count_ = 0;
  unsigned char* base_ = nullptr;
};

}  // namespace support
