// Paired rounds on a device, as SeriesRun has them on the processor.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "bench_report.h"
#include "support/device_timing.h"
#include "support/kernel.h"
#include "support/measurement.h"
#include "support/roofline.h"
#include "support/rounds.h"

namespace unaided::bench {

/// What takes part in the rounds of a series.
struct Participant {
  Contestant contestant;
  std::function<DeviceSample()> sample;  // the one that has just ended
};

/// Rounds over participants until the noise is small enough or the time is over.
class DeviceSeries {
 public:
  /// `overhead_s` is waiting_overhead_s().
  DeviceSeries(DeviceQueue& queue, double overhead_s, double budget_s, std::uint64_t seed)
      : queue_(queue), overhead_s_(overhead_s), budget_s_(budget_s), random_(seed) {}

  /// What it refers to must live until run() has returned.
  void add(Participant participant) { participants_.push_back(std::move(participant)); }
  void add_roofline(const Roofline& roofline);

  /// Rungs whose clocks disagree in half of the samples or more are named among the disturbances.
  BenchSeries run(const std::string& name, const Progress& progress);

 private:
  void run_one_round(int round, BenchSeries& series);
  void add_disagreements(BenchSeries& series) const;

  DeviceQueue& queue_;
  double overhead_s_;
  double budget_s_;
  std::mt19937_64 random_;
  std::vector<Participant> participants_;
  std::map<std::string, std::vector<DeviceSample>> escaped_;
};

/// A rung's work as a recorded graph, replayed in rows.
class GraphRung {
 public:
  /// `call_s`: of one call. Throws std::exception when the rung's work cannot be recorded.
  GraphRung(const Problem& problem, const Rung& rung, const Tensors& inputs, DeviceQueue& queue,
            double overhead_s, double call_s);

  /// For as long as this lives.
  Participant participant(const std::string& name);
  /// Replays once more; what that has left.
  const Tensors& outputs() const;

 private:
  DeviceQueue& queue_;
  double overhead_s_;
  std::function<void()> replay_;
  Tensors outputs_;
  int row_ = 1;
  DeviceSample sample_;
};

}  // namespace unaided::bench
