#include "hot_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>

#include "../fault.h"
#include "../process.h"

namespace unaided {

namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kRecordedMax = 32'768;  // a compile with more is no example to others
constexpr std::size_t kTouchedMax = 16'384;   // 64 MB
constexpr int kCompilesRemembered = 8;

/// From proc(5): present, and mapped by this process alone.
constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
constexpr std::uint64_t kExclusive = std::uint64_t{1} << 56;

struct Range {
  std::uintptr_t begin;
  std::uintptr_t end;
};

/// Private writable mappings of this process, in ascending order.
std::vector<Range> writable_ranges() {
  std::vector<Range> ranges;
  const std::unique_ptr<FILE, int (*)(FILE*)> maps(std::fopen("/proc/self/maps", "re"),
                                                   std::fclose);
  if (!maps) return ranges;
  std::array<char, 512> line;
  while (std::fgets(line.data(), static_cast<int>(line.size()), maps.get()) != nullptr) {
    Range range{};
    std::array<char, 8> rights{};
    if (std::sscanf(line.data(), "%lx-%lx %7s", &range.begin, &range.end, rights.data()) == 3 &&
        std::strcmp(rights.data(), "rw-p") == 0) {
      ranges.push_back(range);
    }
  }
  return ranges;
}

}  // namespace

struct HotPages::Record {
  std::size_t count;
  std::array<std::uintptr_t, kRecordedMax> pages;
};

HotPages::HotPages() {
  void* memory =
      mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw_errno("cannot map memory");
  record_ = static_cast<Record*>(memory);
}

void HotPages::record() {
  const Descriptor pagemap(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!pagemap) return;
  std::size_t count = 0;
  for (const Range range : writable_ranges()) {
    std::vector<std::uint64_t> entries((range.end - range.begin) / kPageBytes);
    const ssize_t got = pread(pagemap.get(), entries.data(), entries.size() * sizeof entries[0],
                              static_cast<off_t>(range.begin / kPageBytes * sizeof entries[0]));
    entries.resize(got < 0 ? 0 : static_cast<std::size_t>(got) / sizeof entries[0]);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if ((entries[i] & kPresent) == 0 || (entries[i] & kExclusive) == 0) continue;
      if (count == kRecordedMax) return;
      record_->pages[count++] = range.begin + i * kPageBytes;
    }
  }
  record_->count = count;
}

void HotPages::learn() {
  const std::size_t count = std::min(record_->count, kRecordedMax);
  record_->count = 0;
  if (count == 0) return;
  for (auto page = compiles_left_.begin(); page != compiles_left_.end();) {
    page = --page->second == 0 ? compiles_left_.erase(page) : std::next(page);
  }
  for (std::size_t i = 0; i < count; ++i) compiles_left_[record_->pages[i]] = kCompilesRemembered;

  std::vector<std::pair<int, std::uintptr_t>> ranked;
  for (const auto& [page, left] : compiles_left_) ranked.emplace_back(left, page);
  std::sort(ranked.begin(), ranked.end(), std::greater<>());
  if (ranked.size() > kTouchedMax) ranked.resize(kTouchedMax);
  pages_.clear();
  for (const auto& [left, page] : ranked) pages_.push_back(page);
  std::sort(pages_.begin(), pages_.end());
}

void HotPages::touch() const {
  auto page = pages_.begin();
  for (const Range range : writable_ranges()) {
    page = std::lower_bound(page, pages_.end(), range.begin);
    for (; page != pages_.end() && *page < range.end; ++page) {
      auto* byte = reinterpret_cast<volatile char*>(*page);  // NOLINT: an address of our own
      *byte = *byte;
    }
  }
}

}  // namespace unaided
