// Sees what a check child does: every heap allocation, since the executable's malloc comes before
// glibc's in symbol resolution and so serves LibTorch, the checks and the attempt alike, and every
// operator that goes through LibTorch's dispatcher, by a global RecordFunction callback. It owns a
// few counters and no thread. Under AddressSanitizer, which interposes malloc itself, allocations
// are not seen and the getters return 0. Operators called past the dispatcher (at::native::…) are
// not seen either: the scan of the attempt's symbols looks for those.
#include "probe.h"

#include <ATen/record_function.h>
#include <fnmatch.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>

#include "support/probe.h"

#if defined(__SANITIZE_ADDRESS__)
#define UNAIDED_OWNS_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNAIDED_OWNS_MALLOC 0
#endif
#endif
#ifndef UNAIDED_OWNS_MALLOC
#define UNAIDED_OWNS_MALLOC 1
#endif

namespace {

// Counters are plain atomics with constant initialisation: malloc runs before any constructor.
std::atomic<bool> allocations_watched{false};
std::atomic<std::int64_t> live_bytes{0};  // since the probe's construction; may be negative
std::atomic<std::int64_t> peak_live_bytes{0};
std::atomic<std::int64_t> largest_allocation{0};
std::atomic<std::int64_t> allocation_count{0};
std::atomic<std::int64_t> largest_refused{0};

std::atomic<std::uint64_t> check_seed{0};

[[maybe_unused]] void raise_to(std::atomic<std::int64_t>& maximum, std::int64_t value) {
  std::int64_t seen = maximum.load(std::memory_order_relaxed);
  while (seen < value && !maximum.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

/// What operators are compared with, and what was seen. The names are collected only while an
/// OperatorProbe is alive; the first forbidden one always.
struct OperatorLog {
  std::vector<std::string> forbidden;
  /// Hashes of names that matched no glob, one a slot: spares nearly all calls the globs. A warm
  /// parent passes them on to its children.
  std::array<std::atomic<std::uint64_t>, 1024> harmless{};
  std::atomic<bool> watched{false};
  std::atomic<bool> any_forbidden{false};
  std::mutex mutex;  // guards what follows
  std::string first_forbidden;
  std::set<std::string, std::less<>> names;
};

OperatorLog& operator_log() {
  static auto& log = *new OperatorLog;  // never destroyed: operators may run in exit handlers
  return log;
}

std::uint64_t hash_of(const char* name) {  // FNV-1a
  std::uint64_t hash = 14695981039346656037ULL;
  for (; *name != '\0'; ++name)
    hash = (hash ^ static_cast<unsigned char>(*name)) * 1099511628211ULL;
  return hash;
}

bool matches_forbidden(const OperatorLog& log, const char* name) {
  const char* colons = std::strstr(name, "::");
  const char* bare = colons == nullptr ? name : colons + 2;
  return std::any_of(log.forbidden.begin(), log.forbidden.end(),
                     [&](const std::string& glob) { return fnmatch(glob.c_str(), bare, 0) == 0; });
}

bool is_forbidden(OperatorLog& log, const char* name) {
  const std::uint64_t hash = hash_of(name);
  std::atomic<std::uint64_t>& slot = log.harmless[hash % log.harmless.size()];
  if (slot.load(std::memory_order_relaxed) == hash) return false;
  if (matches_forbidden(log, name)) return true;
  slot.store(hash, std::memory_order_relaxed);
  return false;
}

std::unique_ptr<at::ObserverContext> on_operator(const at::RecordFunction& call) {
  OperatorLog& log = operator_log();
  const char* name = call.name();
  if (log.watched.load(std::memory_order_relaxed)) {
    const std::lock_guard lock(log.mutex);
    if (log.names.find(std::string_view(name)) == log.names.end()) log.names.emplace(name);
  }
  if (!log.any_forbidden.load(std::memory_order_relaxed) && is_forbidden(log, name)) {
    const std::lock_guard lock(log.mutex);
    if (!log.any_forbidden.exchange(true)) log.first_forbidden = name;
  }
  return nullptr;
}

}  // namespace

namespace unaided::probe {

void install() {
  operator_log();
  at::addGlobalCallback(
      at::RecordFunctionCallback(on_operator).scopes({at::RecordScope::FUNCTION}));
}

void set_seed(std::uint64_t seed) {
  check_seed = seed;
}

void set_forbidden(std::vector<std::string> globs) {
  OperatorLog& log = operator_log();
  for (auto& slot : log.harmless) slot = 0;
  log.forbidden = std::move(globs);
}

std::string forbidden_call_seen() {
  OperatorLog& log = operator_log();
  const std::lock_guard lock(log.mutex);
  return log.first_forbidden;
}

std::int64_t refused_allocation_bytes() {
  return largest_refused;
}

}  // namespace unaided::probe

namespace support {

std::uint64_t seed() {
  return check_seed;
}

std::mt19937_64 seeded_generator() {
  return std::mt19937_64(check_seed);
}

AllocationProbe::AllocationProbe() {
  live_bytes = 0;
  peak_live_bytes = 0;
  largest_allocation = 0;
  allocation_count = 0;
  allocations_watched = true;
}

AllocationProbe::~AllocationProbe() {
  allocations_watched = false;
}

std::int64_t AllocationProbe::peak_bytes() const {
  return peak_live_bytes;
}
std::int64_t AllocationProbe::largest_bytes() const {
  return largest_allocation;
}
std::int64_t AllocationProbe::count() const {
  return allocation_count;
}

OperatorProbe::OperatorProbe() {
  OperatorLog& log = operator_log();
  const std::lock_guard lock(log.mutex);
  log.names.clear();
  log.watched = true;
}

OperatorProbe::~OperatorProbe() {
  operator_log().watched = false;
}

bool OperatorProbe::called(std::string_view name) const {
  OperatorLog& log = operator_log();
  const std::lock_guard lock(log.mutex);
  return log.names.find(name) != log.names.end();
}

std::vector<std::string> OperatorProbe::called_names() const {
  OperatorLog& log = operator_log();
  const std::lock_guard lock(log.mutex);
  return {log.names.begin(), log.names.end()};
}

}  // namespace support

#if UNAIDED_OWNS_MALLOC

extern "C" {

// glibc's own allocator under the names that it keeps for interposers.
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* pointer);

}  // extern "C"

namespace {

void* counted(void* pointer, std::size_t size) {
  if (pointer == nullptr) {
    if (size > 0)
      raise_to(largest_refused, static_cast<std::int64_t>(std::min(size, SIZE_MAX / 2)));
    return nullptr;
  }
  if (!allocations_watched.load(std::memory_order_relaxed)) return pointer;
  const auto usable = static_cast<std::int64_t>(malloc_usable_size(pointer));
  raise_to(peak_live_bytes, live_bytes.fetch_add(usable, std::memory_order_relaxed) + usable);
  raise_to(largest_allocation, static_cast<std::int64_t>(size));
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  return pointer;
}

void uncount(void* pointer) {
  if (pointer == nullptr || !allocations_watched.load(std::memory_order_relaxed)) return;
  live_bytes.fetch_sub(static_cast<std::int64_t>(malloc_usable_size(pointer)),
                       std::memory_order_relaxed);
}

bool is_power_of_two(std::size_t n) {
  return n != 0 && (n & (n - 1)) == 0;
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) noexcept {
  return counted(__libc_malloc(size), size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
  return counted(__libc_calloc(count, size), bytes);
}

// A realloc that moves has both blocks for a moment; it is counted as their sum, the honest peak.
void* realloc(void* old, std::size_t size) noexcept {
  const auto before = old == nullptr ? 0 : static_cast<std::int64_t>(malloc_usable_size(old));
  void* moved = __libc_realloc(old, size);
  if (moved == nullptr && size > 0) return counted(nullptr, size);
  if (moved != nullptr) counted(moved, size);
  if (allocations_watched.load(std::memory_order_relaxed)) live_bytes.fetch_sub(before);
  return moved;
}

void free(void* pointer) noexcept {
  uncount(pointer);
  __libc_free(pointer);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return counted(__libc_memalign(alignment, size), size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return counted(__libc_memalign(alignment, size), size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
  if (alignment % sizeof(void*) != 0 || !is_power_of_two(alignment)) return EINVAL;
  const int saved_errno = errno;
  void* pointer = counted(__libc_memalign(alignment, size), size);
  errno = saved_errno;
  if (pointer == nullptr) return ENOMEM;
  *result = pointer;
  return 0;
}

}  // extern "C"

#endif  // UNAIDED_OWNS_MALLOC
