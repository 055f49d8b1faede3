#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// What checks may ask of the process they run in. Implemented by the worker
// (harness/worker/probe.cpp), which interposes malloc and observes LibTorch's operators.
namespace support {

/// The seed of this check in this run: fresh unless replayed with --seed, printed on failure.
std::uint64_t seed();

/// A generator started from seed(); every call starts it anew.
std::mt19937_64 seeded_generator();

/// Heap allocations of all threads (malloc, operator new, LibTorch's CPU allocator) between
/// construction and the call of a getter. Probes do not nest.
class AllocationProbe {
 public:
  AllocationProbe();
  ~AllocationProbe();
  AllocationProbe(const AllocationProbe&) = delete;
  AllocationProbe& operator=(const AllocationProbe&) = delete;

  std::int64_t peak_bytes() const;     // highest level above that at construction
  std::int64_t largest_bytes() const;  // the largest single allocation
  std::int64_t count() const;
};

/// Names of the ATen operators that ran since construction, without overload: "aten::matmul".
/// Probes do not nest.
class OperatorProbe {
 public:
  OperatorProbe();
  ~OperatorProbe();
  OperatorProbe(const OperatorProbe&) = delete;
  OperatorProbe& operator=(const OperatorProbe&) = delete;

  bool called(std::string_view name) const;
  std::vector<std::string> called_names() const;
};

}  // namespace support
