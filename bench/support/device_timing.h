// Times on a device that works through a queue: a call returns before its work is done, so a clock
// around the call tells nothing. Marks in the queue (events on the current stream) tell how long
// the work took on the device; the wall's clock around a wait for the whole device tells whether
// there was more. What the marks did not see ran on another stream.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace unaided::bench {

/// What timing needs of a device. Tests have one with a clock of their own.
class DeviceQueue {
 public:
  virtual ~DeviceQueue() = default;

  /// Seconds of the wall's clock.
  virtual double now_s() = 0;
  /// Queues a mark on the current stream; its number. Marks are forgotten by forget_marks().
  virtual int mark() = 0;
  virtual void forget_marks() = 0;
  /// Seconds of the device between two marks that have been reached.
  virtual double seconds_between(int first, int second) = 0;
  /// Waits until all streams of the device are idle.
  virtual void synchronize() = 0;
  /// Queues work on the current stream after which nothing older is in the device's L2.
  virtual void flush_cache() = 0;
  /// Peak memory of the calls since start_memory(), beyond what was allocated then, in bytes; -1
  /// where the device does not tell.
  virtual void start_memory() {}
  virtual std::int64_t extra_bytes() { return -1; }
  /// Records what `work` queues, without doing it, and returns what does it all at once. Throws
  /// std::exception where that cannot be recorded, as when `work` waits for the device.
  virtual std::function<void()> record(const std::function<void()>& work) = 0;
};

/// One call. The prelude is queued before it and not counted.
struct DeviceTime {
  double events_s = 0;  // of the call, by marks on the current stream
  double queued_s = 0;  // of prelude and call, by marks
  double wall_s = 0;    // of prelude and call, by the wall's clock until the device was idle
};

/// Waits for the device, then times `work` behind `prelude`. The prelude's work also gives the
/// processor a lead: without one, the marks of a short call would time its launch.
DeviceTime time_call(DeviceQueue& queue, const std::function<void()>& prelude,
                     const std::function<void()>& work);

/// What a call costs by the wall's clock beyond what the marks see, with no work at all: queueing
/// the marks and waiting. The median of some calls.
double waiting_overhead_s(DeviceQueue& queue);

/// The calls of one sample.
struct DeviceSample {
  double events_s = 0;   // median
  double wall_s = 0;     // median of what the wall saw of the call: less prelude and overhead
  double escaped_s = 0;  // of it that the marks did not see; 0 unless too long for an accident

  /// What the call is charged with.
  double charged_s() const { return events_s + escaped_s; }
};

/// `times` must not be empty. The two clocks disagree where the wall saw kEscapedSecondsMin and
/// kEscapedPart of the call more than the marks did.
DeviceSample judge_times(const std::vector<DeviceTime>& times, double overhead_s);

inline constexpr double kEscapedSecondsMin = 50e-6;
inline constexpr double kEscapedPart = 0.1;

/// The time of one of `count` replays in a row, so that the marks themselves do not count.
DeviceTime time_replays(DeviceQueue& queue, const std::function<void()>& replay, int count);

}  // namespace unaided::bench
