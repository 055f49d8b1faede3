#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace unaided::bench {

/// What else the machine did while times were taken.
struct MachineState {
  double wall_s = 0;
  double thread_s = 0;  // processor time of the calling thread
  double stolen_s = 0;  // all cores, by the hypervisor
  double busy_s = 0;    // all cores, whoever used them
  std::int64_t major_faults = 0;
  std::int64_t minor_faults = 0;
  std::int64_t preempted = 0;  // involuntary context switches

  static MachineState now();
};

/// Sentences about what spoils times taken between the two, most serious first; `threads` are ours.
std::vector<std::string> disturbances(const MachineState& before, const MachineState& after,
                                      int threads, int cores);

}  // namespace unaided::bench
