// Two facts of Linux's fork are used. Anonymous memory on large pages is shared by copying one
// entry for 2 MB. Of a file's mapping the page table is copied only if some page in it is private
// to the process; writing one byte, with the value that it has, makes one so.
#include "large_pages.h"

#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace unaided {

namespace {

#ifndef MADV_COLLAPSE
constexpr int MADV_COLLAPSE = 25;  // of kernel headers newer than these
#endif

constexpr std::uintptr_t kLargePageBytes = std::uintptr_t{2} << 20;
constexpr std::uintptr_t kLargeMappingBytesMin = 4 * kLargePageBytes;

struct Mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  int protection = PROT_READ;
};

struct Memory {
  std::vector<Mapping> libraries;  // the parts that are not written: code, constants, headers
  std::vector<Mapping> heaps;      // writable, of no file
};

Memory inherited_memory() {
  Memory memory;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    std::array<char, 5> flags{};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, flags.data()) != 3) continue;
    const bool read_only = flags[0] == 'r' && flags[1] == '-' && flags[3] == 'p';
    const bool writable = std::string_view(flags.data()) == "rw-p";
    if (read_only && line.find(".so") != std::string::npos) {
      memory.libraries.push_back({begin, end, PROT_READ | (flags[2] == 'x' ? PROT_EXEC : 0)});
    } else if (writable && (line.ends_with("[heap]") || line.find('/') == std::string::npos)) {
      memory.heaps.push_back({begin, end, PROT_READ | PROT_WRITE});
    }
  }
  return memory;
}

void* at(std::uintptr_t address) {
  return reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
}

void make_page_table_inherited(const Mapping& mapping) {
  const std::size_t bytes = mapping.end - mapping.begin;
  if (mprotect(at(mapping.begin), bytes, mapping.protection | PROT_WRITE) != 0) return;
  auto* byte = static_cast<volatile char*>(at(mapping.begin));
  *byte = *byte;
  mprotect(at(mapping.begin), bytes, mapping.protection);
}

/// Copies the aligned part of the mapping to large pages and moves these into its place.
void move_to_large_pages(const Mapping& mapping) {
  const std::uintptr_t begin =
      (mapping.begin + kLargePageBytes - 1) / kLargePageBytes * kLargePageBytes;
  const std::size_t bytes = mapping.end / kLargePageBytes * kLargePageBytes - begin;
  void* space = mmap(nullptr, bytes + kLargePageBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (space == MAP_FAILED) return;
  const auto start = reinterpret_cast<std::uintptr_t>(space);
  const std::uintptr_t copy = (start + kLargePageBytes - 1) / kLargePageBytes * kLargePageBytes;
  madvise(at(copy), bytes, MADV_HUGEPAGE);
  std::memcpy(at(copy), at(begin), bytes);
  mprotect(at(copy), bytes, mapping.protection);
  const void* moved = mremap(at(copy), bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, at(begin));
  if (moved == MAP_FAILED) munmap(at(copy), bytes);
  // What alignment left over on both sides.
  if (copy > start) munmap(at(start), copy - start);
  if (copy < start + kLargePageBytes) munmap(at(copy + bytes), start + kLargePageBytes - copy);
}

/// At once where the kernel can (6.1 and later), else as it finds the time.
void gather_on_large_pages(const Mapping& mapping) {
  const std::uintptr_t begin =
      (mapping.begin + kLargePageBytes - 1) / kLargePageBytes * kLargePageBytes;
  const std::uintptr_t end = mapping.end / kLargePageBytes * kLargePageBytes;
  if (begin >= end) return;
  madvise(at(begin), end - begin, MADV_HUGEPAGE);
  madvise(at(begin), end - begin, MADV_COLLAPSE);
}

}  // namespace

void make_memory_cheap_to_inherit() {
  const Memory memory = inherited_memory();
  for (const Mapping& mapping : memory.heaps) gather_on_large_pages(mapping);
  for (const Mapping& mapping : memory.libraries) {
    const bool large = mapping.end - mapping.begin >= kLargeMappingBytesMin;
    large ? move_to_large_pages(mapping) : make_page_table_inherited(mapping);
  }
}

}  // namespace unaided
