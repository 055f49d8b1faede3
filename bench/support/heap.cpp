#include "support/heap.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <limits>
#include <string>

namespace unaided::bench {

namespace {

constexpr int kBlocksPoisoned = 3;
constexpr std::size_t kLargeBlock = 64 << 20;  // one of these is enough
constexpr int kTopPadBytes = 64 << 20;

/// "VmHWM:   1234 kB" in the text of /proc/self/status, in bytes; -1 where it is missing.
std::int64_t field_bytes(const std::string& text, const char* name) {
  const std::size_t at = text.find(name);
  if (at == std::string::npos) return -1;
  return std::strtoll(text.c_str() + at + std::strlen(name), nullptr, 10) << 10;
}

std::string read_status(int fd) {
  std::array<char, 4096> buffer;
  const ssize_t got = pread(fd, buffer.data(), buffer.size(), 0);
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

}  // namespace

void keep_heap_warm() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, kTopPadBytes);
}

void poison_freed_memory(const Tensors& like, Garbage garbage) {
  Tensors blocks;
  for (const torch::Tensor& tensor : like) {
    const int count = tensor.nbytes() < kLargeBlock ? kBlocksPoisoned : 1;
    for (int i = 0; i < count; ++i) {
      blocks.push_back(torch::empty_like(tensor, at::MemoryFormat::Contiguous));
      std::memset(blocks.back().data_ptr(), static_cast<int>(garbage), blocks.back().nbytes());
    }
  }
}

PeakMemory::PeakMemory()
    : clear_(open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)),
      status_(open("/proc/self/status", O_RDONLY | O_CLOEXEC)) {}

PeakMemory::~PeakMemory() {
  if (clear_ >= 0) close(clear_);
  if (status_ >= 0) close(status_);
}

void PeakMemory::start() {
  malloc_trim(0);
  static_cast<void>(!pwrite(clear_, "5", 1, 0));  // the mark becomes what is resident now
  before_ = field_bytes(read_status(status_), "VmRSS:");
}

std::int64_t PeakMemory::bytes() const {
  const std::int64_t peak = field_bytes(read_status(status_), "VmHWM:");
  if (clear_ < 0 || peak < 0 || before_ < 0) return -1;
  return peak > before_ ? peak - before_ : 0;
}

}  // namespace unaided::bench
