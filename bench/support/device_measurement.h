// One problem, measured on a device: the order of measure_problem() (checks, paired rounds with
// checks at random, checks), the clocks of device_timing.h. Three series: hot, flushed (the
// device's L2 is overwritten before each call), and, where some rung is so short that launching
// decides, replays of a recorded graph.
#pragma once

#include <vector>

#include "bench_report.h"
#include "support/device_roofline.h"
#include "support/device_timing.h"
#include "support/kernel.h"
#include "support/measurement.h"

namespace unaided::bench {

/// A graph is recorded where a call of some rung is shorter.
inline constexpr double kGraphSecondsMax = 20e-6;

struct DeviceMeasureOptions {
  MeasureOptions common;
  torch::Device device = torch::kCPU;
  DeviceLimitSizes limits;
};

/// Measures `rungs` on one problem of on_device(). Samples have the time by marks as real_s and the
/// wall's as cpu_s; a rung whose clocks disagree is charged with both and named among the series'
/// disturbances.
BenchProblem measure_on_device(const Kernel& kernel, const Problem& problem,
                               const std::vector<Rung>& rungs, DeviceQueue& queue,
                               const DeviceMeasureOptions& options);

}  // namespace unaided::bench
