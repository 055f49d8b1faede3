#pragma once

#include <cstddef>
#include <cstdint>

#include "support/kernel.h"

namespace unaided::bench {

/// Makes malloc keep what is freed, for every rung alike: without it every tensor above 32 MiB is
/// mapped afresh, and page faults decide who is faster. Call first in main.
void keep_heap_warm();

/// What freed memory is filled with.
enum class Garbage : unsigned char { kNotANumber = 0xFF, kNumbers = 0x3E };

/// Fills freed blocks of the sizes of `like`, several of each, with garbage: who returns memory
/// that it has not written returns that.
void poison_freed_memory(const Tensors& like, Garbage garbage);

/// Resident memory at its highest during a call, beyond what was resident before it.
class PeakMemory {
 public:
  /// Opens the files in /proc that it needs; do so before writing is forbidden.
  PeakMemory();
  ~PeakMemory();
  PeakMemory(const PeakMemory&) = delete;
  PeakMemory& operator=(const PeakMemory&) = delete;

  /// Gives free memory back to the system and sets the mark.
  void start();
  /// Bytes above the mark, within a few hundred kB; nothing known gives -1.
  std::int64_t bytes() const;

 private:
  int clear_ = -1;
  int status_ = -1;
  std::int64_t before_ = 0;
};

}  // namespace unaided::bench
